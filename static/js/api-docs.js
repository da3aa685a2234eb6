// Starts Swagger UI on the OpenAPI document that the page names.
const place = document.getElementById("api-docs");

window.SwaggerUIBundle({
  url: place.dataset.openapi,
  domNode: place,
  deepLinking: true,
  docExpansion: "list",
  tryItOutEnabled: true,
  validatorUrl: null,
  // What was typed into "Authorize" is a secret: it does not outlive the page.
  persistAuthorization: false,
});
