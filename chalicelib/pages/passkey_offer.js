(function () {
  "use strict";
  var button = document.getElementById("passkey");
  var offered = null;

  // passkey.js calls this. The browser offers its passkeys in the field of the user name, and says nothing where it has none.
  button.offer = function (start, wanted, answered) {
    var can = PublicKeyCredential.isConditionalMediationAvailable;
    if (offered) {
      offered.abort(); // A browser does one at a time.
      offered = null;
    }
    if (start && can) {
      can.call(PublicKeyCredential).then(function (available) {
        if (available && !button.disabled) {
          offered = new AbortController();
          navigator.credentials.get({
            publicKey: wanted(), mediation: "conditional", signal: offered.signal
          }).then(answered).catch(function () {});
        }
      });
    }
  };
})();
