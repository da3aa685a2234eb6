// Accounts: passwords that can be looked at, and passkeys (WebAuthn). Without this file everything
// works but passkeys, which no page can use without a script.

// --- showing a password ---------------------------------------------------------------------------
function show(button, visible) {
  const field = document.getElementById(button.dataset.showPassword);
  field.type = visible ? "text" : "password";
  button.querySelector("[data-when=hidden]").hidden = visible;
  button.querySelector("[data-when=shown]").hidden = !visible;
}

for (const button of document.querySelectorAll("[data-show-password]")) {
  const field = document.getElementById(button.dataset.showPassword);
  button.addEventListener("click", () => show(button, field.type === "password"));
  // What is sent, and kept for the Back button, is a password again.
  field.form.addEventListener("submit", () => show(button, false));
}

// --- passkeys ---------------------------------------------------------------------------------------
const BINARY = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];

function bytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

function text(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

const known = (list = []) => list.map((one) => ({ ...one, id: bytes(one.id) }));

function requested({ publicKey }) {
  return {
    publicKey: {
      ...publicKey,
      challenge: bytes(publicKey.challenge),
      allowCredentials: known(publicKey.allowCredentials),
    },
  };
}

function created({ publicKey }, alone) {
  return {
    publicKey: {
      ...publicKey,
      challenge: bytes(publicKey.challenge),
      user: { ...publicKey.user, id: bytes(publicKey.user.id) },
      excludeCredentials: known(publicKey.excludeCredentials),
      // One that signs in alone is kept on the device with the name of the account, and the device
      // makes sure who holds it.
      authenticatorSelection: {
        ...publicKey.authenticatorSelection,
        residentKey: alone ? "required" : "discouraged",
        requireResidentKey: alone,
        ...(alone && { userVerification: "required" }),
      },
    },
  };
}

function answer(credential) {
  const response = {};
  for (const name of BINARY) {
    if (credential.response[name]) response[name] = text(credential.response[name]);
  }
  return JSON.stringify({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    response,
    clientExtensionResults: credential.getClientExtensionResults(),
  });
}

async function options(form) {
  const here = document.getElementById("passkey-options");
  if (here) return JSON.parse(here.textContent);
  const asked = await fetch(form.action, { headers: { Accept: "application/json" } });
  if (!asked.ok) throw new Error(asked.status);
  return asked.json();
}

async function ask(form) {
  const found = await options(form);
  if (!found.creation_options) return navigator.credentials.get(requested(found.request_options));
  const alone = form.elements.passwordless?.checked ?? false;
  return navigator.credentials.create(created(found.creation_options, alone));
}

function says(form, name) {
  const note = form.querySelector("[data-passkey-trouble]");
  note.textContent = note.dataset[name] ?? note.dataset.failed;
  note.hidden = false;
}

// The names of the exceptions of the Web Authentication API, and what to say of them.
const TROUBLES = { NotAllowedError: "cancelled", InvalidStateError: "already" };

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const button = form.querySelector("[type=submit]");
  if (!window.PublicKeyCredential) {
    if (form.dataset.passkey === "beside") {
      form.hidden = true;
      document.querySelector("[data-passkey-or]").hidden = true;
    } else {
      button.disabled = true;
      says(form, "missing");
    }
    continue;
  }
  form.addEventListener("submit", async (event) => {
    if (form.elements.credential.value) return;
    event.preventDefault();
    button.disabled = true;
    form.querySelector("[data-passkey-trouble]").hidden = true;
    try {
      form.elements.credential.value = answer(await ask(form));
      form.submit();
    } catch (trouble) {
      button.disabled = false;
      says(form, TROUBLES[trouble.name]);
    }
  });
}

// Back from the next page: a passkey answers once.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.elements.credential.value = "";
    if (window.PublicKeyCredential) form.querySelector("[type=submit]").disabled = false;
  }
});

// --- recovery codes --------------------------------------------------------------------------------
for (const button of document.querySelectorAll("[data-print]")) {
  button.addEventListener("click", () => window.print());
}
