// Opens Swagger UI on the OpenAPI document when it is asked for: it is large, and the page itself
// says what there is.
const offer = document.getElementById("api-try");
const button = offer.querySelector("button");
const place = document.getElementById("api-docs");

function loaded(element) {
  return new Promise((resolve, reject) => {
    element.addEventListener("load", resolve);
    element.addEventListener("error", reject);
    document.head.append(element);
  });
}

async function open() {
  button.disabled = true;
  const style = Object.assign(document.createElement("link"), {
    rel: "stylesheet",
    href: button.dataset.style,
  });
  const script = Object.assign(document.createElement("script"), { src: button.dataset.script });
  try {
    await Promise.all([loaded(style), loaded(script)]);
  } catch {
    button.disabled = false;
    return;
  }
  offer.hidden = true;
  place.hidden = false;
  document.getElementById("api-reference").hidden = true;
  window.SwaggerUIBundle({
    url: button.dataset.openapi,
    domNode: place,
    deepLinking: false,
    docExpansion: "list",
    tryItOutEnabled: true,
    validatorUrl: null,
    // What was typed into "Authorize" is a secret: it does not outlive the page.
    persistAuthorization: false,
  });
}

button.addEventListener("click", open);
offer.hidden = false;
