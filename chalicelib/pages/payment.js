(function () {
  "use strict";
  var button = document.getElementById("passkey");
  if (!window.PaymentRequest) {
    return;
  }

  function bytes(text) {
    var binary = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(binary, function (c) { return c.charCodeAt(0); });
  }

  function request(options) {
    var shown = JSON.parse(button.getAttribute("data-payment"));
    return new PaymentRequest([{
      supportedMethods: "secure-payment-confirmation",
      data: {
        challenge: options.challenge,
        rpId: options.rpId,
        timeout: options.timeout,
        credentialIds: shown.credentialIds.map(bytes),
        instrument: shown.instrument,
        payeeName: shown.payeeName,
        locale: shown.locale
      }
    }], { total: { label: shown.payeeName, amount: shown.total } });
  }

  // The button's other script asks this first. After one failure the ordinary passkey takes its place.
  function confirm(options) {
    button.ask = null;
    return request(options).show().then(function (answer) {
      return answer.complete("success").then(function () { return answer.details; });
    });
  }

  try {
    var options = JSON.parse(button.getAttribute("data-options"));
    options.challenge = bytes(options.challenge);
    request(options).canMakePayment().then(function (can) {
      button.ask = can ? confirm : null;
    }, function () {});
  } catch (unsupported) {
    button.ask = null;
  }
})();
