// Passkeys: asks the browser to make one (data-new) or to use one, and sends the result to the desk. (WebAuthn level 3, 5.1)
(() => {
  const place = /** @type {HTMLElement | null} */ (document.querySelector("[data-passkey]"));
  const problem = /** @type {HTMLElement | null} */ (document.querySelector("[data-passkey-problem]"));
  if (!place || !problem || !window.PublicKeyCredential) return;
  const button = /** @type {HTMLButtonElement} */ (place.querySelector("button"));
  const [address, query = ""] = (place.dataset.passkey || "").split("?");
  const token = /** @type {HTMLMetaElement | null} */ (document.querySelector("meta[name=csrf-token]"))?.content || "";
  place.hidden = false;
  if (document.activeElement === document.body) button.focus();

  /** @param {string} text */
  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));

  /** @param {ArrayBuffer} buffer */
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  /** @param {string} path @param {unknown} [body] */
  const post = async (path, body) => {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token },
      body: JSON.stringify(body ?? {}),
    });
    return answer.json();
  };

  /** @param {any} options */
  const make = async (options) => {
    options.user.id = bytes(options.user.id);
    options.excludeCredentials = (options.excludeCredentials || []).map(withBytes);
    const created = /** @type {PublicKeyCredential} */ (await navigator.credentials.create({ publicKey: options }));
    const answer = /** @type {AuthenticatorAttestationResponse} */ (created.response);
    return { ...described(created), response: { clientDataJSON: text(answer.clientDataJSON), attestationObject: text(answer.attestationObject) } };
  };

  /** @param {any} options */
  const use = async (options) => {
    options.allowCredentials = (options.allowCredentials || []).map(withBytes);
    const used = /** @type {PublicKeyCredential} */ (await navigator.credentials.get({ publicKey: options }));
    const answer = /** @type {AuthenticatorAssertionResponse} */ (used.response);
    return {
      ...described(used),
      response: {
        clientDataJSON: text(answer.clientDataJSON),
        authenticatorData: text(answer.authenticatorData),
        signature: text(answer.signature),
        userHandle: answer.userHandle ? text(answer.userHandle) : null,
      },
    };
  };

  /** @param {any} credential */
  const withBytes = (credential) => ({ ...credential, id: bytes(credential.id) });

  /** @param {PublicKeyCredential} credential */
  const described = (credential) => ({ id: credential.id, rawId: text(credential.rawId), type: credential.type, clientExtensionResults: {} });

  button.addEventListener("click", async () => {
    button.disabled = true;
    problem.hidden = true;
    try {
      const options = await post(`${address}/options`);
      if (options.go) {
        location.assign(options.go);
        return;
      }
      options.challenge = bytes(options.challenge);
      const answer = await post(`${address}?${query}`, await ("new" in place.dataset ? make(options) : use(options)));
      if (answer.go) {
        location.assign(answer.go);
        return;
      }
      problem.textContent = answer.problem;
    } catch (error) {
      const refused = error instanceof DOMException;
      problem.textContent = refused ? "Nothing was done. Try again when you are ready." : "The desk did not answer. Load the page again.";
    }
    problem.hidden = false;
    button.disabled = false;
  });
})();
