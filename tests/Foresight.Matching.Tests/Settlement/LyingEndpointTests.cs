using System.Text.Json.Nodes;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Matching.Settlement;
using Foresight.Matching.Tests.ChainReading;

namespace Foresight.Matching.Tests.Settlement;

/// <summary>
/// An endpoint that lies about calls at blocks that exist. What a trade's failure needs before it is believed is in docs/decisions/0662; an
/// endpoint that forges a whole chain is believed by a node that names it alone (0610).
/// </summary>
[Trait("Category", "Trust")]
[Collection(ChainCollection.Name)]
public sealed class LyingEndpointTests(ChainFixture fixture)
{
    private const int Ticks = 5_000;
    private const int Lots = 100;
    private const string CallOfTheMarket = "a call of the market";

    private Address _market;

    public enum Lie
    {
        TheWalletRefuses,
        TheWalletHasNoCode,
        TheWalletHasNoCodeAndRefuses,
        TheBuyerHasNoMoney,
    }

    [Theory]
    [InlineData(Lie.TheWalletRefuses)]
    [InlineData(Lie.TheWalletHasNoCode)]
    [InlineData(Lie.TheWalletHasNoCodeAndRefuses)]
    [InlineData(Lie.TheBuyerHasNoMoney)]
    public async Task ALie_ThatAnotherEndpointContradicts_FailsNoTrade_BlamesNobody_AndTheTradeSettles(Lie lie)
    {
        await using var venue = await OpenAsync();
        var wallet = await venue.AddContractWalletAsync();
        var (order, trade) = await TradeAsync(venue, wallet);
        await using var liar = await FaultyNode.StartAsync(fixture.Rpc, Telling(lie, order));
        var several = Several(venue, liar.Transport, fixture.Transport);

        var submitter = venue.Venue.NewSubmitter(several);
        await venue.Venue.StepAsync(submitter);
        Assert.Equal(("matched", null), await venue.Venue.StateOfAsync(trade));
        Assert.NotNull(submitter.Trouble);
        Assert.False(several.States[0].IsWell);

        // The other one is asked first from here on, because what it claims is at most a transaction that fails.
        await SettleAsync(venue, submitter, trade, "final");
    }

    /// <summary>Recovered from its signature, the key is certain without any node, also if that is the only one.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ThatAKeysSignatureDoesNotHold_IsBelievedOfNobody(bool isTheOnlyEndpoint)
    {
        await using var venue = await OpenAsync();
        var (order, trade) = await TradeAsync(venue, await venue.AddWalletAsync());
        var isLying = true;
        var tell = Telling(Lie.TheWalletRefuses, order);
        await using var liar = await FaultyNode.StartAsync(fixture.Rpc, (request, answer) => isLying ? tell(request, answer) : answer);
        var submitter = venue.Venue.NewSubmitter(
            isTheOnlyEndpoint ? liar.Transport : Several(venue, liar.Transport, liar.Transport, fixture.Transport)
        );

        for (var look = 0; look < FailureWitnesses.MostLooks + 2 && isTheOnlyEndpoint; look++)
        {
            await LookAsync(venue, submitter);
            Assert.Equal(("matched", null), await venue.Venue.StateOfAsync(trade));
            Assert.Contains("no such order", submitter.Trouble, StringComparison.Ordinal);
        }

        isLying = !isTheOnlyEndpoint;
        for (var look = 0; look < 2; look++)
            await LookAsync(venue, submitter);
        await SettleAsync(venue, submitter, trade, "final");
    }

    /// <summary>The call and the code are read at one block, and the market accepts no order of an account without code or key.</summary>
    [Fact]
    public async Task ThatAWalletHasNoCode_IsContradictedByTheCallAtTheSameBlock_AlsoOfTheOnlyEndpoint()
    {
        await using var venue = await OpenAsync();
        var (order, trade) = await TradeAsync(venue, await venue.AddContractWalletAsync());
        var isLying = true;
        var tell = Telling(Lie.TheWalletHasNoCode, order);
        await using var liar = await FaultyNode.StartAsync(fixture.Rpc, (request, answer) => isLying ? tell(request, answer) : answer);
        var submitter = venue.Venue.NewSubmitter(liar.Transport);
        for (var look = 0; look < 3; look++)
            await LookAsync(venue, submitter);
        Assert.Equal(("matched", null), await venue.Venue.StateOfAsync(trade));
        Assert.Contains("is not signed by its maker", submitter.Trouble, StringComparison.Ordinal);

        isLying = false;
        await SettleAsync(venue, submitter, trade, "final");
    }

    [Fact]
    public async Task ThatAForgedOrderIsSigned_CostsATransaction_AndTheSupposedMakerIsNotBlamed()
    {
        await using var venue = await OpenAsync();
        var (victim, other) = (await venue.AddWalletAsync(), await venue.AddWalletAsync());
        await venue.ConfirmAsync();
        await venue.PlaceAsync(victim, isBuy: true, Ticks, Lots);
        await venue.Venue.ExecuteAsync("UPDATE orders SET signature = decode(repeat('00', 65), 'hex')");
        var trade = (await venue.PlaceAsync(other, isBuy: false, Ticks, Lots)).TradeId;
        await using var liar = await FaultyNode.StartAsync(
            fixture.Rpc,
            (request, answer) =>
                MethodOf(request) switch
                {
                    CallOfTheMarket => Answered(request, "0x"),
                    "eth_getCode" => Answered(request, "0x6000"),
                    _ => answer,
                }
        );

        var submitter = venue.Venue.NewSubmitter(Several(venue, liar.Transport, fixture.Transport));
        await SettleAsync(venue, submitter, trade, "failed", SettlementFailure.InvalidSignature);
        Assert.Equal(1L, await venue.Venue.ScalarAsync<long>("SELECT count(*) FROM settlement_batches"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task AFailureThatIsTrue_IsBelieved_AsSoonAsTheOtherEndpointHasTheBlock(int blocksBehind)
    {
        await using var venue = await OpenAsync();
        var wallet = await venue.AddContractWalletAsync();
        var (_, trade) = await TradeAsync(venue, wallet);
        await venue.Venue.SendAsync(wallet.Key, wallet.Account, ContractArtifact.TestWallet.Encode("setMode", 1));
        var late = new LaggingTransport(fixture.Transport, fixture.Client, blocksBehind);
        var submitter = venue.Venue.NewSubmitter(Several(venue, fixture.Transport, late));
        for (var look = 0; look < blocksBehind; look++)
        {
            await LookAsync(venue, submitter);
            Assert.Equal(("matched", null), await venue.Venue.StateOfAsync(trade));
        }

        await LookAsync(venue, submitter);
        Assert.Equal(
            ("failed", SettlementFailure.InvalidSignature),
            ((await venue.Venue.StateOfAsync(trade)).State, FailureReasons.CodeOf((await venue.Venue.StateOfAsync(trade)).Reason))
        );
    }

    [Fact]
    public async Task AnEndpointThatNeverAnswers_KeepsNoFailedTradeOpenForLong()
    {
        await using var venue = await OpenAsync();
        var wallet = await venue.AddContractWalletAsync();
        var (_, trade) = await TradeAsync(venue, wallet);
        await venue.Venue.SendAsync(wallet.Key, wallet.Account, ContractArtifact.TestWallet.Encode("setMode", 1));
        var mute = new FaultyTransport(fixture.Transport, method => method == "eth_call");
        var submitter = venue.Venue.NewSubmitter(Several(venue, fixture.Transport, mute));
        for (var look = 0; look < FailureWitnesses.MostLooks; look++)
            await LookAsync(venue, submitter);
        Assert.Equal(("matched", null), await venue.Venue.StateOfAsync(trade));
        await LookAsync(venue, submitter);
        Assert.Equal("failed", (await venue.Venue.StateOfAsync(trade)).State);
    }

    /// <summary>Each trade has its own claim, and none waits for that of another.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task ManyFailures_AreBelievedTogether_AndTheOtherTradesOfTheirMarketDoNotWait(int blocksBehind)
    {
        const int Failing = 5;
        await using var venue = await OpenAsync();
        var (wallet, honest, seller) = (await venue.AddContractWalletAsync(), await venue.AddWalletAsync(), await venue.AddWalletAsync());
        await venue.ConfirmAsync();
        var (failing, sound) = (new List<long>(), new List<long>());
        for (var i = 0; i < Failing; i++)
        {
            await venue.PlaceAsync(wallet, isBuy: true, Ticks, Lots);
            failing.Add((await venue.PlaceAsync(seller, isBuy: false, Ticks, Lots)).TradeId);
            await venue.PlaceAsync(honest, isBuy: true, Ticks, Lots);
            sound.Add((await venue.PlaceAsync(seller, isBuy: false, Ticks, Lots)).TradeId);
        }

        await venue.Venue.SendAsync(wallet.Key, wallet.Account, ContractArtifact.TestWallet.Encode("setMode", 1));
        var late = new LaggingTransport(fixture.Transport, fixture.Client, blocksBehind);
        var submitter = venue.Venue.NewSubmitter(Several(venue, fixture.Transport, late));
        await fixture.AutomineAsync(false);
        await LookAsync(venue, submitter);
        foreach (var trade in sound)
            Assert.Equal("broadcast", (await venue.Venue.StateOfAsync(trade)).State);
        foreach (var trade in failing)
            Assert.Equal("matched", (await venue.Venue.StateOfAsync(trade)).State);
        Assert.Contains("says one endpoint", submitter.Trouble, StringComparison.Ordinal);

        // At one block a trade is looked at once, however many steps there are.
        for (var step = 0; step < FailureWitnesses.MostLooks + 2; step++)
            await venue.Venue.StepAsync(submitter);
        Assert.Equal("matched", (await venue.Venue.StateOfAsync(failing[0])).State);

        for (var look = 0; look < blocksBehind; look++)
            await LookAsync(venue, submitter);
        foreach (var trade in failing)
            Assert.Equal("failed", (await venue.Venue.StateOfAsync(trade)).State);
        await venue.ConfirmAsync();
        await LookAsync(venue, submitter);
        foreach (var trade in sound)
            Assert.Equal(("final", 1), ((await venue.Venue.StateOfAsync(trade)).State, await venue.Venue.TimesSettledAsync(trade)));
    }

    /// <summary>Each doubt costs calls at every block, so there is a bound, and the trades behind it wait for their turn.</summary>
    [Fact]
    public async Task MoreDoubtsThanALookHas_AreDecidedInTurns()
    {
        await using var venue = await Venue.CreateAsync(fixture, new SettlementOptions { BatchAge = TimeSpan.Zero, Confirmations = 2 });
        var (drained, honest, seller) = (await venue.AddTraderAsync(), await venue.AddTraderAsync(), await venue.AddTraderAsync());
        var failing = new List<long>();
        for (var i = 0; i < Submitter.MostDoubts + 20; i++)
            failing.Add(await venue.TradeAsync(drained, seller, lots: 1));
        var sound = await venue.TradeAsync(honest, seller);
        await venue.SendAsync(drained.Key, venue.Deployment.Usdc, UsdcContract.Approve(venue.Deployment.Factory, 0));
        var late = new LaggingTransport(fixture.Transport, fixture.Client, blocks: 1);
        var submitter = venue.NewSubmitter(new FailoverClient(venue.Deployment.ChainId, [("rpc-1", fixture.Transport), ("rpc-2", late)]));
        var decided = new List<long>();
        for (var look = 0; look < 3; look++)
        {
            await fixture.MineAsync();
            await venue.StepAsync(submitter);
            decided.Add(await venue.ScalarAsync<long>("SELECT count(*) FROM trades WHERE settlement = 'failed'"));
        }

        Assert.Equal([0L, Submitter.MostDoubts, failing.Count], decided);
        Assert.NotEqual("matched", (await venue.StateOfAsync(sound)).State);
    }

    private async Task<LiveVenue> OpenAsync()
    {
        var venue = await LiveVenue.CreateAsync(fixture);
        _market = venue.Venue.MarketAddress;
        return venue;
    }

    private static FailoverClient Several(LiveVenue venue, params NodeClient[] endpoints) =>
        new(venue.Venue.Deployment.ChainId, [.. endpoints.Select((endpoint, i) => ($"rpc-{i + 1}", endpoint))]);

    private static async Task<(LiveOrder Order, long Trade)> TradeAsync(LiveVenue venue, Wallet buyer)
    {
        var seller = await venue.AddWalletAsync();
        await venue.ConfirmAsync();
        var order = await venue.PlaceAsync(buyer, isBuy: true, Ticks, Lots);
        return (order, (await venue.PlaceAsync(seller, isBuy: false, Ticks, Lots)).TradeId);
    }

    private static async Task LookAsync(LiveVenue venue, Submitter submitter)
    {
        await venue.MineAsync();
        await venue.Venue.StepAsync(submitter);
    }

    private static async Task SettleAsync(LiveVenue venue, Submitter submitter, long trade, string state, string? reason = null)
    {
        await LookAsync(venue, submitter);
        await venue.ConfirmAsync();
        await LookAsync(venue, submitter);
        await venue.ConfirmAsync();
        var (stored, why) = await venue.Venue.StateOfAsync(trade);
        Assert.Equal((state, reason), (stored, why is null ? null : FailureReasons.CodeOf(why)));
        Assert.Equal(0L, await venue.Venue.ScalarAsync<long>("SELECT count(*) FROM strikes"));
        Assert.Equal(state == "final" ? 1 : 0, await venue.Venue.TimesSettledAsync(trade));
    }

    private NodeFault Telling(Lie lie, LiveOrder order) =>
        (request, answer) =>
            (lie, MethodOf(request)) switch
            {
                (Lie.TheWalletHasNoCode or Lie.TheWalletHasNoCodeAndRefuses, "eth_getCode") => Answered(request, "0x"),
                (Lie.TheWalletRefuses or Lie.TheWalletHasNoCodeAndRefuses, CallOfTheMarket) => Reverted(
                    request,
                    ContractArtifact.Market.Error("InvalidSignature").Selector,
                    order.Hash.ToBytes(),
                    Padded(order.Maker.Account)
                ),
                (Lie.TheBuyerHasNoMoney, CallOfTheMarket) => Reverted(
                    request,
                    ContractArtifact.MarketFactory.Error("InsufficientCollateral").Selector,
                    Padded(order.Maker.Account),
                    new byte[32],
                    [.. new byte[31], 1]
                ),
                _ => answer,
            };

    private static byte[] Padded(Address account) => [.. new byte[12], .. account.ToBytes()];

    /// <summary>Calls of other contracts are answered truly, because a lie about them is found before any trade is tried.</summary>
    private string MethodOf(JsonObject request)
    {
        var method = request["method"]!.GetValue<string>();
        return method == "eth_call" && Address.Parse(request["params"]![0]!["to"]!.GetValue<string>()) == _market
            ? CallOfTheMarket
            : method;
    }

    private static JsonObject Answered(JsonObject request, string result) =>
        new()
        {
            ["jsonrpc"] = "2.0",
            ["id"] = request["id"]!.DeepClone(),
            ["result"] = result,
        };

    private static JsonObject Reverted(JsonObject request, ReadOnlySpan<byte> selector, params byte[][] words) =>
        new()
        {
            ["jsonrpc"] = "2.0",
            ["id"] = request["id"]!.DeepClone(),
            ["error"] = new JsonObject
            {
                ["code"] = 3,
                ["message"] = "execution reverted",
                ["data"] = Hex.Encode([.. selector, .. words.SelectMany(word => word)]),
            },
        };
}
