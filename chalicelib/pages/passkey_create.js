(function () {
  "use strict";

  // passkey.js does this in place of a sign-in.
  document.getElementById("passkey").ask = function (options, bytes) {
    options.user.id = bytes(options.user.id);
    options.excludeCredentials.forEach(function (one) { one.id = bytes(one.id); });
    return navigator.credentials.create({ publicKey: options }).catch(function (problem) {
      if (!options.extensions || problem.name !== "NotSupportedError") {
        throw problem;
      }
      delete options.extensions; // This authenticator can't be used for payments that the browser shows.
      return navigator.credentials.create({ publicKey: options });
    });
  };
})();
