(function () {
  "use strict";
  var find = document.getElementById.bind(document);
  var username = find("username");
  var password = find("password");
  var show = find("show-password");
  var proof = find("proof");
  var next = find("next");

  function open() {
    proof.hidden = find("login").hidden = false;
    next.hidden = true;
    password.focus();
  }

  show.hidden = false;
  show.addEventListener("click", function () {
    var seen = password.type === "text";
    password.type = seen ? "password" : "text";
    show.setAttribute("aria-pressed", !seen);
  });
  username.form.addEventListener("submit", function () {
    password.type = "password"; // So that no browser stores it as it stores other text.
  });

  // The user name comes first where the browser may offer a passkey for it.
  if (next && window.PublicKeyCredential && !username.value) {
    proof.hidden = find("login").hidden = true;
    next.hidden = false;
    next.addEventListener("click", function () {
      if (username.reportValidity()) {
        open();
      }
    });
    // Enter in the user name presses "Sign in", whose fields are empty still.
    username.form.addEventListener("invalid", function (event) {
      if (proof.hidden && username.validity.valid) {
        event.preventDefault();
        setTimeout(open);
      }
    }, true);
  }
})();
