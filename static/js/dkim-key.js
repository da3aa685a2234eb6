// A DKIM key pair made in the browser (WebCrypto). The public key goes into the form, and so into the
// address; the private key stays in this page, in an element that htmx never sends nor keeps.
const form = document.getElementById("tool-form");
const field = form.elements.key;
const refused = document.getElementById("private-key-refused");
const RSA = { name: "RSASSA-PKCS1-v1_5", publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" };

const base64 = (octets) => btoa(String.fromCharCode(...new Uint8Array(octets)));

function pem(octets) {
  const lines = base64(octets).match(/.{1,64}/g);
  return ["-----BEGIN PRIVATE KEY-----", ...lines, "-----END PRIVATE KEY-----", ""].join("\n");
}

// --- making one ---------------------------------------------------------------------------------
async function makePair(algorithm) {
  const [kind, bits] = algorithm.split("-");
  const { subtle } = globalThis.crypto;
  const how = kind === "rsa" ? { ...RSA, modulusLength: Number(bits) } : { name: "Ed25519" };
  const pair = await subtle.generateKey(how, true, ["sign", "verify"]);
  // RFC 6376 §3.6.1 wants SubjectPublicKeyInfo for RSA, RFC 8463 §4.2 the bare octets for Ed25519.
  const octets = await subtle.exportKey(kind === "rsa" ? "spki" : "raw", pair.publicKey);
  return { open: base64(octets), secret: pem(await subtle.exportKey("pkcs8", pair.privateKey)) };
}

function boxOf({ open, secret }) {
  const box = document.getElementById("private-key-template").content.firstElementChild.cloneNode(true);
  box.dataset.public = open;
  box.dataset.file = `${form.elements.domain.value}.${form.elements.selector.value}.pem`;
  box.querySelector("textarea").value = secret;
  return box;
}

async function make(button) {
  const label = button.textContent;
  const failed = document.querySelector("[data-make-failed]");
  button.disabled = true;
  button.textContent = button.dataset.making;
  failed.hidden = true;
  try {
    const pair = await makePair(form.elements.algorithm.value);
    kept = boxOf(pair);
    field.value = pair.open;
    form.requestSubmit();
  } catch {
    failed.hidden = false;
    button.disabled = false;
    button.textContent = label;
  }
}

// --- keeping it in sight ------------------------------------------------------------------------
// Each change of the form brings a new result: the private key moves into it, as long as the form
// has its public key.
let kept = document.querySelector("#result .private-key");
let shown = null;
if (kept) field.value = kept.dataset.public;

document.addEventListener("htmx:afterSwap", () => {
  if (!kept || field.value !== kept.dataset.public) return;
  const result = document.getElementById("result");
  const heading = result.querySelector(":scope > h2");
  if (heading) heading.after(kept);
  else result.prepend(kept);
  if (shown !== kept) kept.querySelector("h3").focus();
  shown = kept;
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-make-key]");
  if (button) make(button);
});

// --- a private key in the wrong field -------------------------------------------------------------
// PEM says so itself; in base64 it begins with a version number where a public key has none.
function isPrivate(text) {
  if (/PRIVATE\s+KEY/i.test(text)) return true;
  try {
    const octets = atob(text.replace(/\s+/g, "").slice(0, 16));
    const size = octets.charCodeAt(1);
    const start = 2 + (size & 0x80 ? size & 0x7f : 0);
    return octets[0] === "0" && octets.slice(start, start + 3) === "\x02\x01\x00";
  } catch {
    return false;
  }
}

const here = new URL(location.href);
if (isPrivate(here.searchParams.get("key") ?? "")) {
  here.searchParams.delete("key");
  history.replaceState(history.state, "", here);
}

function guard(event) {
  if (!isPrivate(field.value)) {
    if (field.value) refused.hidden = true;
    return;
  }
  event.preventDefault();
  event.stopImmediatePropagation();
  field.value = "";
  refused.hidden = false;
  field.focus();
}

for (const kind of ["submit", "input", "change"]) form.addEventListener(kind, guard, { capture: true });
form.addEventListener("htmx:configRequest", guard);
