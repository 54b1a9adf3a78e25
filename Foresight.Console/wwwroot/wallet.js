// The operator's own wallet (EIP-1193). The page prepares a call and the wallet signs and sends it; no key comes here. Answers have either
// what was asked for or an error in words, because an exception would reach the console with this script's stack.
(() => {
  const rejected = 4001;

  const words = (error) =>
    error?.code === rejected ? "The request was rejected in the wallet." : `The wallet refuses: ${error?.message ?? error}`;

  const ask = async (request) => {
    if (!window.ethereum) return { error: "This browser has no wallet (window.ethereum). Open the console in the browser that has it." };
    try {
      return await request((method, params = []) => window.ethereum.request({ method, params }));
    } catch (error) {
      return { error: words(error) };
    }
  };

  const wrongChain = async (request, chainId) => {
    const id = BigInt(await request("eth_chainId"));
    return id === BigInt(chainId) ? null : `The wallet is on chain ${id}, the exchange on chain ${chainId}: switch the wallet's network.`;
  };

  const connect = (chainId) =>
    ask(async (request) => {
      const [account] = await request("eth_requestAccounts");
      if (!account) return { error: "The wallet offers no account." };
      const error = await wrongChain(request, chainId);
      return error ? { error } : { account };
    });

  const send = (chainId, from, to, data) =>
    ask(async (request) => {
      // It may have been switched since it was connected.
      const error = await wrongChain(request, chainId);
      if (error) return { error };
      const hash = await request("eth_sendTransaction", [{ from, to, data, value: "0x0" }]);
      return /^0x[0-9a-f]{64}$/i.test(hash) ? { hash } : { error: "The wallet's answer is no transaction hash; look there what it did." };
    });

  window.foresightWallet = { connect, send };
})();
