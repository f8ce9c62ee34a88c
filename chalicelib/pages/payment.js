(function () {
  "use strict";
  var button = document.getElementById("passkey");
  var shown = JSON.parse(button.getAttribute("data-payment"));

  function request(options, bytes) {
    return new PaymentRequest([{
      supportedMethods: "secure-payment-confirmation",
      data: {
        challenge: options.challenge,
        rpId: options.rpId,
        credentialIds: shown.credentialIds.split(" ").map(bytes),
        instrument: shown.instrument,
        payeeName: shown.payeeName
      }
    }], { total: { label: shown.payeeName, amount: shown.total } });
  }

  // After one failure the ordinary passkey takes its place.
  function ask(options, bytes) {
    button.ask = null;
    return request(options, bytes).show().then(function (answer) {
      answer.complete("success");
      return answer.details;
    });
  }

  // passkey.js calls this first. Whatever the browser does not know leaves the ordinary passkey.
  button.prepare = function (options, bytes) {
    Promise.resolve().then(function () {
      return request(options, bytes).canMakePayment();
    }).then(function (can) {
      button.ask = can ? ask : null;
    }, function () {});
  };
})();
