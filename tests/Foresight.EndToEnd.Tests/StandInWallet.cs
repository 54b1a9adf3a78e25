using System.Numerics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Foresight.Chain;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Chain.Transactions;
using Microsoft.Playwright;

namespace Foresight.EndToEnd.Tests;

/// <summary>
/// EIP-1193 in the browser, as far as the console uses it; it signs here with a development key. The page can reach no node itself, because
/// its policy forbids it.
/// </summary>
internal sealed class StandInWallet(EthereumClient chain, long chainId)
{
    /// <summary>Well-known key of the development chain's account 8, so it is no secret.</summary>
    private const string DevelopmentKey = "0xdbda1821b80551c9d65939329250298aa3472ba22feea921c0cf5d620ea67b97";

    private const int UserRejected = 4001;
    private const long Gas = 6_000_000;
    private const long Gwei = 1_000_000_000;

    private const string Script = """
        window.ethereum = {
          request: async ({ method, params }) => {
            const answer = JSON.parse(await window.standInWallet(method, JSON.stringify(params ?? [])));
            if (answer.error) throw answer.error;
            return answer.result;
          },
        };
        """;

    private readonly PrivateKey _key = PrivateKey.Parse(DevelopmentKey);

    public Address Account => _key.Address;

    /// <summary>What the wallet's network is set to, if not to the stack's chain.</summary>
    public long? OtherChainId { get; set; }

    public bool Rejects { get; set; }

    public async Task EnterAsync(IPage page)
    {
        await page.ExposeFunctionAsync<string, string, Task<string>>("standInWallet", AnswerAsync);
        await page.AddInitScriptAsync(Script);
    }

    /// <summary>Writes the factory's table of roles, because a transaction of the admin would take a nonce of settlement's.</summary>
    public async Task GrantAsync(Address factory, Hash32 role)
    {
        // OpenZeppelin's AccessControl: mapping(role => struct whose first member is mapping(account => bool)), in slot 0.
        var ofRole = Keccak256.Hash([.. role.ToBytes(), .. Word.ToBytes(0)]);
        var account = new byte[Word.Size];
        Word.Write(Account, account);
        var slot = Keccak256.Hash([.. account, .. ofRole.ToBytes()]);
        await chain.RequestAsync(
            new RpcRequest("anvil_setStorageAt", factory.ToLowerHex(), slot.ToString(), Hex.Encode(Word.ToBytes(BigInteger.One)))
        );
    }

    private async Task<string> AnswerAsync(string method, string parameters)
    {
        if (Rejects && method is "eth_sendTransaction")
            return Error(UserRejected, "no");
        return method switch
        {
            "eth_requestAccounts" => Result(new JsonArray(Account.ToString())),
            "eth_chainId" => Result(Hex.EncodeQuantity(OtherChainId ?? chainId)),
            "eth_sendTransaction" => Result(await SendAsync(JsonDocument.Parse(parameters).RootElement[0])),
            _ => Error(4200, $"{method} is not offered"),
        };
    }

    private async Task<string> SendAsync(JsonElement call)
    {
        Assert.Equal(Account, Address.Parse(call.GetProperty("from").GetString()!));
        var signed = new Eip1559Transaction
        {
            ChainId = chainId,
            Nonce = await chain.GetTransactionCountAsync(Account, BlockRef.Pending),
            To = Address.Parse(call.GetProperty("to").GetString()!),
            GasLimit = Gas,
            MaxFeePerGas = 100 * Gwei,
            MaxPriorityFeePerGas = Gwei,
            Data = Hex.Decode(call.GetProperty("data").GetString()!),
        }.Sign(_key);
        return (await chain.SendTransactionAsync(signed)).ToString();
    }

    private static string Result(JsonNode? result) => new JsonObject { ["result"] = result }.ToJsonString();

    private static string Error(int code, string message) =>
        new JsonObject
        {
            ["error"] = new JsonObject { ["code"] = code, ["message"] = message },
        }.ToJsonString();
}
