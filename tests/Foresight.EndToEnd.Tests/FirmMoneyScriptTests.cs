using System.Numerics;
using System.Text.Json;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.EndToEnd.Tests.Stack;
using Foresight.Protocol;
using Foresight.Simulator.Traders;
using Xunit.Abstractions;

namespace Foresight.EndToEnd.Tests;

/// <summary>Its own stack, because it has a vault, and its relayer does not come back.</summary>
public sealed class LastStandFixture : StackFixture
{
    protected override void Arrange(IDistributedApplicationTestingBuilder builder) =>
        builder
            .CreateResourceBuilder(builder.Resources.OfType<ProjectResource>().Single(one => one.Name == "setup"))
            .WithEnvironment("FIRM_MONEY", "true")
            // Longer than the test takes, so that nothing is over by itself.
            .WithEnvironment("VAULT_DELAY_SECONDS", "600")
            .WithEnvironment("VAULT_DELAY_BLOCKS", "60");
}

[CollectionDefinition(Name)]
public sealed class LastStandCollection : ICollectionFixture<LastStandFixture>
{
    public const string Name = "last stand";
}

/// <summary>A user's way in and out, with the scripts of the documents and nothing of ours (docs/firm-money.md, docs/leaving.md).</summary>
[Collection(LastStandCollection.Name)]
[Trait("Category", "Firm")]
public sealed class FirmMoneyScriptTests(LastStandFixture stack, ITestOutputHelper output)
{
    private static readonly TimeSpan KilledWithin = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task MoneyComesIn_Trades_IsPaidAtOnce_AndIsOutAfterTheDelay_WhenTheRelayerIsKilledForGood()
    {
        await stack.WaitUntilTradingAsync();
        var (market, buyer, seller) = (stack.Markets[1], stack.Traders[1], stack.Traders[0]);
        var share = $"{market.Id}:0";
        var vault = new VaultContract(stack.Chain, Address.Parse(stack.Venue.Vault!));
        await ScriptAsync(seller, "deposit", "--asset", share, "--amount", "10");
        var firstNonce = await stack.Chain.GetTransactionCountAsync(buyer.Address);
        var paidIn = await ScriptAsync(buyer, "deposit", "--amount", "100");
        Assert.Equal("100.0", paidIn.GetProperty("available").GetString());
        // Approval and deposit are one transaction.
        Assert.Equal(firstNonce + 1, await stack.Chain.GetTransactionCountAsync(buyer.Address));

        await TradeAsync(seller, "sell", share);
        var bought = await TradeAsync(buyer, "buy", share);
        var trade = Assert.Single(bought.GetProperty("trades").EnumerateArray());
        Assert.True(trade.GetProperty("firm").GetBoolean(), trade.ToString());
        Assert.Equal("final", trade.GetProperty("settlement").GetString());
        Assert.Equal(Micros(95), (await vault.PurseAsync(buyer.Address, VaultContract.Usdc)).Free);

        var before = await UsdcAsync(buyer);
        await ScriptAsync(buyer, "withdraw", "--amount", "40");
        await ScriptAsync(buyer, "withdraw", "--asset", share, "--amount", "4");
        Assert.Equal(Micros(40), await UsdcAsync(buyer) - before);
        Assert.Equal(Micros(55), (await vault.PurseAsync(buyer.Address, VaultContract.Usdc)).Free);

        await KillRelayerAsync();
        var asked = await LeaveAsync(buyer);
        Assert.Equal(2, asked.GetProperty("leaving").GetArrayLength());
        var delay = await vault.DelayAsync();
        var inWallet = await UsdcAsync(buyer);
        Assert.Equal(Micros(55), (await vault.PurseAsync(buyer.Address, VaultContract.Usdc)).Leaving);
        await stack.Chain.RequestAsync(new RpcRequest("anvil_mine", delay.Blocks, 1 + (delay.Seconds / delay.Blocks)));
        var done = await LeaveAsync(buyer);

        Assert.Empty(done.GetProperty("leaving").EnumerateArray());
        Assert.Equal(Micros(55), await UsdcAsync(buyer) - inWallet);
        var id = OutcomeTokenContract.IdOf(Address.Parse(market.Address), 0);
        foreach (var asset in new[] { VaultContract.Usdc, id })
        {
            var purse = await vault.PurseAsync(buyer.Address, asset);
            Assert.Equal((BigInteger.Zero, BigInteger.Zero), (purse.Free, purse.Leaving));
        }
    }

    private Task<JsonElement> TradeAsync(Trader trader, string side, string share) =>
        ScriptAsync(
            trader,
            "trade",
            ["--market", share.Split(':')[0], "--outcome", share.Split(':')[1], "--side", side, "--price", "0.5", "--amount", "10"],
            hasChain: false
        );

    private Task<JsonElement> ScriptAsync(Trader trader, string verb, params string[] arguments) =>
        ScriptAsync(trader, verb, arguments, hasChain: true);

    private async Task<JsonElement> ScriptAsync(Trader trader, string verb, string[] arguments, bool hasChain)
    {
        string[] chain = hasChain ? ["--rpc", ChainUrl] : [];
        var (code, last) = await RunAsync(trader, "firm-money.mjs", [verb, "--api", stack.ApiUrl(1), .. chain, .. arguments]);
        Assert.Equal(0, code);
        return last;
    }

    /// <summary>Its status is not 0: single shares need a buyer, wherever they are.</summary>
    private async Task<JsonElement> LeaveAsync(Trader trader) =>
        (await RunAsync(trader, "leave.mjs", ["leave", "--rpc", ChainUrl, "--factory", stack.Venue.Factory])).Last;

    private async Task<(int Code, JsonElement Last)> RunAsync(Trader trader, string script, string[] arguments)
    {
        var folder = Directory.CreateTempSubdirectory("foresight-firm-").FullName;
        try
        {
            var file = Path.Combine(folder, "key.txt");
            await File.WriteAllTextAsync(file, stack.KeyOf(trader));
            var (code, text) = await RepositoryScript.RunInAsync(
                stack.Npm.Folder,
                Path.Combine(Repository.Root, "docs", script),
                [.. arguments, "--key-file", file]
            );
            output.WriteLine($"{trader.Name}, {arguments[0]}:\n{text}");
            Assert.True(text.TrimEnd().Split('\n')[^1].StartsWith('{'), text);
            return (code, JsonDocument.Parse(text.TrimEnd().Split('\n')[^1]).RootElement);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Every node of the exchange, so that only the chain is left.</summary>
    private async Task KillRelayerAsync()
    {
        var nodes = await stack.GetAsAdminAsync<List<NodeRecord>>("cluster/nodes");
        Assert.Equal(5, nodes.Count);
        foreach (var node in nodes)
            NodeProcess.KillNow(node.ProcessId);
        await Eventually.TrueAsync(
            "no node answers",
            KilledWithin,
            async () =>
            {
                try
                {
                    using var answer = await stack.Http.GetAsync(new Uri(new Uri(stack.ApiUrl(1)), "alive"));
                    return !answer.IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    return true;
                }
            }
        );
    }

    private string ChainUrl => stack.App.GetEndpoint("chain").ToString();

    private Task<BigInteger> UsdcAsync(Trader trader) =>
        new UsdcContract(stack.Chain, Address.Parse(stack.Venue.Usdc)).BalanceOfAsync(trader.Address);

    private static BigInteger Micros(long usdc) => usdc * (BigInteger)1_000_000;
}
