(function () {
  "use strict";
  var button = document.getElementById("passkey");
  var problem = document.getElementById("passkey-problem");
  if (!button) {
    return;
  }
  if (!window.PublicKeyCredential || !navigator.credentials) {
    problem.hidden = !button.hasAttribute("data-needed");
    return;
  }

  function bytes(text) {
    var binary = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(binary, function (c) { return c.charCodeAt(0); });
  }

  function text(buffer) {
    var binary = String.fromCharCode.apply(null, new Uint8Array(buffer));
    return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  function wanted() {
    var options = JSON.parse(button.getAttribute("data-options"));
    options.challenge = bytes(options.challenge);
    return options;
  }

  function asked() {
    var options = wanted();
    return button.ask ? button.ask(options, bytes) : navigator.credentials.get({ publicKey: options });
  }

  function offer(start) {
    if (button.offer) {
      button.offer(start, wanted, answered);
    }
  }

  function answered(credential) {
    var response = { clientDataJSON: text(credential.response.clientDataJSON) };
    ["authenticatorData", "signature", "userHandle", "attestationObject"].forEach(function (name) {
      if (credential.response[name]) {
        response[name] = text(credential.response[name]);
      }
    });
    document.getElementById("passkey-answer").value = JSON.stringify({
      id: credential.id, rawId: text(credential.rawId), type: credential.type, response: response
    });
    button.form.submit();
  }

  if (button.prepare) {
    button.prepare(wanted(), bytes);
  }
  button.hidden = false;
  button.addEventListener("click", function () {
    problem.hidden = true;
    button.disabled = true;
    offer(false);
    asked().then(answered).catch(function () {
      problem.hidden = false;
      button.disabled = false;
      offer(true);
    });
  });
  offer(true);
})();
