using System.Diagnostics.Metrics;
using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Matching.Engine;
using Foresight.Matching.Settlement;
using Foresight.Matching.Tests.Settlement;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Telemetry;

namespace Foresight.Matching.Tests.Firm;

/// <summary>What settlement and the follower must keep (docs/firm-money.md): each rule by the case that needs it.</summary>
[Collection(VaultChainCollection.Name)]
[Trait("Category", "Firm")]
public sealed class RelayerRulesTests(ChainFixture fixture)
{
    private const int Ticks = 5_000;
    private const long Lots = 1_000;
    private const long Micro = 1_000_000;

    /// <summary>Only a fault of ours takes the money, here the market's own key.</summary>
    [Fact]
    public async Task FirmTradeThatWouldFail_IsNotSent_IsPaged_AndIsTriedAgainAtEachBlock()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture);
        var (eve, _, trade) = await MatchedAsync(venue);
        long paged = 0;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, to) =>
        {
            if (instrument.Name == MetricNames.FirmHeld)
                to.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, trades, _, _) => Interlocked.Add(ref paged, trades));
        listener.Start();

        await TakeAsync(venue, eve);
        await fixture.AutomineAsync(false);
        await fixture.MineAsync();
        var submitter = venue.Venue.NewSubmitter();
        for (var block = 1; block <= 3; block++)
        {
            await venue.Venue.StepAsync(submitter);
            Assert.Contains($"Firm trade {trade} would fail", submitter.Trouble);
            Assert.Equal(("matched", null), await venue.Venue.StateOfAsync(trade));
            Assert.Equal(block, Interlocked.Read(ref paged));
            await fixture.MineAsync();
        }

        await GiveBackAsync(venue, eve);
        Assert.Equal("final", await venue.EndOfAsync(submitter, trade));
        Assert.Equal(1, await venue.Venue.TimesSettledAsync(trade));
    }

    /// <summary>The follower decides what becomes of a batch whose receipt no submitter has read.</summary>
    [Fact]
    public async Task FirmTradeThatABlockRefused_HasNotFailedForTheFollowerEither()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture);
        var (eve, _, trade) = await MatchedAsync(venue);
        await fixture.AutomineAsync(false);
        var submitter = venue.Venue.NewSubmitter();
        await venue.Venue.StepAsync(submitter);
        await TakeAsync(venue, eve);
        await venue.Live.MineAsync(venue.Venue.Options.Confirmations + 2);
        Assert.Equal(("broadcast", null), await venue.Venue.StateOfAsync(trade));

        await GiveBackAsync(venue, eve);
        Assert.Equal("final", await venue.EndOfAsync(submitter, trade));
        Assert.Equal(1, await venue.Venue.TimesSettledAsync(trade));
    }

    [Fact]
    public async Task FirmTradeThatWasAlone_InATransactionThatReverted_IsSentAgain()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture);
        var (_, _, trade) = await MatchedAsync(venue);
        await fixture.AutomineAsync(false);
        var submitter = venue.Venue.NewSubmitter();
        await venue.Venue.StepAsync(submitter);
        Assert.Equal("broadcast", (await venue.Venue.StateOfAsync(trade)).State);

        // As if the block had left too little gas, which no receipt explains.
        var block = await venue.Venue.Client.BlockNumberAsync() - venue.Venue.Options.Confirmations - 1;
        await venue.Venue.ExecuteAsync(
            "UPDATE settlement_batches SET state = 'mined', error = 'reverted', block_number = $1, block_hash = $2",
            block,
            (await venue.Venue.Client.GetBlockAsync(block))!.Hash.ToBytes()
        );
        await venue.Venue.StepAsync(submitter);
        Assert.NotEqual("failed", (await venue.Venue.StateOfAsync(trade)).State);
        Assert.Equal("final", await venue.EndOfAsync(submitter, trade));
        Assert.Equal(1, await venue.Venue.TimesSettledAsync(trade));
    }

    /// <summary>Whatever keeps it: a trade that no batch has yet counts as one that waits in a block does.</summary>
    [Fact]
    public async Task WhileAFirmTradeWaitsForAQuarterOfTheDelay_NoOtherIsMatched()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture);
        var (eve, bob, trade) = await MatchedAsync(venue);
        await venue.Venue.ExecuteAsync("UPDATE trades SET executed_at = executed_at - interval '1 day'");
        await venue.Live.MineAsync();
        Assert.Equal(ProblemCodes.FirmUnavailable, (await BidAsync(venue, eve)).Result.Code);

        Assert.Equal("final", await venue.EndOfAsync(venue.Venue.NewSubmitter(), trade));
        await fixture.RequestAsync("evm_increaseTime", 120);
        await venue.Live.MineAsync(2);
        Assert.Equal("open", (await BidAsync(venue, eve)).Result.OrderStatus);
        Assert.True(await venue.IsFirmAsync((await AskAsync(venue, bob)).TradeId));
    }

    /// <summary>What was measured before is no rate of a settlement that sends nothing.</summary>
    [Theory]
    [InlineData(
        "INSERT INTO operator_holds (subject, subject_id, actor, key_name, note) VALUES ('settlement', 'all', 'Ada', 'ada', 'x')",
        "DELETE FROM operator_holds"
    )]
    [InlineData(
        """
            INSERT INTO settlement_status (node_id, epoch, head_block, confirmed_block, confirmations, halted) VALUES ('n', 1, 1, 1, 2, 'x')
            ON CONFLICT (only_row) DO UPDATE SET halted = 'x'
            """,
        "UPDATE settlement_status SET halted = NULL"
    )]
    public async Task WhileSettlementIsHalted_NoFirmTradeIsMatched(string halt, string resume)
    {
        await using var venue = await FirmVenue.CreateAsync(fixture);
        var eve = await venue.AddAsync(usdc: 1_000, shares: 0);
        await venue.Live.ConfirmAsync();
        Assert.Equal("open", (await BidAsync(venue, eve, lots: 1)).Result.OrderStatus);
        await venue.Venue.ExecuteAsync(halt);
        await venue.Live.MineAsync();
        Assert.Equal(ProblemCodes.FirmUnavailable, (await BidAsync(venue, eve, lots: 1)).Result.Code);
        await venue.Venue.ExecuteAsync(resume);
        await fixture.RequestAsync("evm_increaseTime", 120);
        await venue.Live.MineAsync(2);
        Assert.Equal("open", (await BidAsync(venue, eve, lots: 1)).Result.OrderStatus);
    }

    /// <summary>
    /// Fifty trades a minute are expected of it until one shows that it is slower: then what it has done counts, here nothing.
    /// </summary>
    [Fact]
    public async Task TradeThatWaitsForLongerThanASettlementTakes_EndsTheRateThatIsTakenForGranted()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture);
        var (eve, _, _) = await MatchedAsync(venue);
        await venue.Live.MineAsync();
        Assert.Equal("open", (await BidAsync(venue, eve, lots: 1)).Result.OrderStatus);
        await venue.Venue.ExecuteAsync("UPDATE trades SET executed_at = executed_at - interval '61 s'");
        await venue.Live.MineAsync();
        Assert.Equal(ProblemCodes.FirmUnavailable, (await BidAsync(venue, eve, lots: 1)).Result.Code);
    }

    [Fact]
    public async Task FirmTradeThatHasWaited_MayCostMoreThanTheCap_UpToASecondOne()
    {
        await using var venue = await FirmVenue.CreateAsync(
            fixture,
            new SettlementOptions
            {
                BatchAge = TimeSpan.Zero,
                MaxFee = 20 * SettlementOptions.Gwei,
                FirmMaxFee = 400 * SettlementOptions.Gwei,
            }
        );
        var (_, _, trade) = await MatchedAsync(venue);
        await fixture.AutomineAsync(false);
        var submitter = venue.Venue.NewSubmitter();
        await venue.Venue.StepAsync(submitter);
        await MineDearAsync(blocks: 5);
        for (var round = 0; round < 20; round++)
            await StepDearAsync();
        Assert.Contains("has reached SETTLEMENT_MAX_FEE_GWEI", submitter.Trouble);
        Assert.True(await MaxFeeAsync(venue) <= 20 * SettlementOptions.Gwei);

        await venue.Venue.ExecuteAsync(
            "UPDATE trades SET executed_at = executed_at - interval '1 s' * $1",
            FirmVenue.Delay.Seconds / 4 + 1
        );
        for (var round = 0; round < 3; round++)
            await StepDearAsync();
        Assert.InRange(await MaxFeeAsync(venue), 100 * SettlementOptions.Gwei, 400 * SettlementOptions.Gwei);
        Assert.Equal("final", await venue.EndOfAsync(submitter, trade));
        Assert.Equal(1, await venue.Venue.TimesSettledAsync(trade));

        async Task StepDearAsync()
        {
            await MineDearAsync(blocks: 5);
            await venue.Venue.StepAsync(submitter);
        }
    }

    private async Task MineDearAsync(int blocks)
    {
        for (var block = 0; block < blocks; block++)
        {
            await fixture.RequestAsync("anvil_setNextBlockBaseFeePerGas", Hex.EncodeQuantity(100 * SettlementOptions.Gwei));
            await fixture.MineAsync();
        }
    }

    private static async Task<BigInteger> MaxFeeAsync(FirmVenue venue) =>
        BigInteger.Parse(
            await venue.Venue.ScalarAsync<string>("SELECT max_fee_wei::text FROM settlement_batches ORDER BY batch_id DESC LIMIT 1")
        );

    /// <summary>Terms vouch for the block they name, so the engine must have what is in it.</summary>
    [Fact]
    public async Task TermsOfABlock_AreSentAfterAllThatTheBlockHas()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture);
        var eve = await venue.AddAsync(usdc: 1_000, shares: 0);
        await venue.Live.ConfirmAsync();
        var bid = await BidAsync(venue, eve);
        var cancel = ContractArtifact.Market.Encode("cancelSalt", bid.Message.Salt);
        await venue.Live.SendAsync(eve, venue.Venue.MarketAddress, cancel);
        await venue.Live.SendAsync(eve, venue.Vault, VaultContract.RequestWithdrawal(VaultContract.Usdc, 400 * Micro));
        await fixture.RequestAsync("evm_increaseTime", 120);
        await fixture.MineAsync(venue.Venue.Options.Confirmations);

        var (send, sent) = (venue.Venue.Send!, new List<LeaderCommand>());
        venue.Venue.Send = (commands, cancellationToken) =>
        {
            sent.AddRange(commands);
            return send(commands, cancellationToken);
        };
        await venue.Venue.FollowAsync();
        Assert.Contains(sent, command => command is CancelBySalt);
        Assert.Contains(sent, command => command is ObserveBalance { Units: 600 * Micro });
        Assert.IsType<SetFirmTerms>(sent[^1]);
        Assert.Single(sent.OfType<SetFirmTerms>());
    }

    /// <summary>What is matched after the announcement might not be on chain when the decision takes effect.</summary>
    [Fact]
    public async Task AnnouncedDecision_StopsTheMarketAtTheHead_AndEndsItWhenConfirmed()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture);
        var eve = await venue.AddAsync(usdc: 1_000, shares: 0);
        await venue.Live.ConfirmAsync();
        var admin = new Wallet(venue.Venue.Operator.Key, venue.Venue.Operator.Key.Address);
        await venue.Live.SendAsync(admin, venue.Venue.MarketAddress, MarketContract.Resolve(0));
        await venue.Venue.FollowAsync();
        Assert.Equal((short)MarketState.Paused, await venue.Live.MarketStateAsync());
        Assert.NotEqual(ResultStatus.Accepted, (await BidAsync(venue, eve)).Result.Status);
        await venue.Live.ConfirmAsync();
        Assert.Equal((short)MarketState.Closed, await venue.Live.MarketStateAsync());
    }

    private static async Task<(Wallet Eve, Wallet Bob, long Trade)> MatchedAsync(FirmVenue venue)
    {
        var (eve, bob) = (await venue.AddAsync(usdc: 1_000, shares: 0), await venue.AddAsync(usdc: 0, shares: 1_000));
        await venue.Live.ConfirmAsync();
        await BidAsync(venue, eve);
        var trade = (await AskAsync(venue, bob)).TradeId;
        Assert.True(await venue.IsFirmAsync(trade));
        return (eve, bob, trade);
    }

    private static Task<LiveOrder> BidAsync(FirmVenue venue, Wallet maker, long lots = Lots) =>
        venue.PlaceAsync(maker, isBuy: true, Ticks, lots, PurseChoice.Vault);

    private static Task<LiveOrder> AskAsync(FirmVenue venue, Wallet maker) =>
        venue.PlaceAsync(maker, isBuy: false, Ticks, Lots, PurseChoice.Vault);

    private static Task TakeAsync(FirmVenue venue, Wallet from) =>
        venue.AsMarketAsync(ContractArtifact.Vault.Encode("draw", from.Account, BigInteger.Zero, 1_000 * (BigInteger)Micro));

    private async Task GiveBackAsync(FirmVenue venue, Wallet to)
    {
        await fixture.AutomineAsync(true);
        await venue.Live.SendAsync(to, venue.Vault, VaultContract.Deposit(1_000 * (BigInteger)Micro));
        await fixture.AutomineAsync(false);
    }
}
