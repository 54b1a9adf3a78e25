using System.Numerics;
using Foresight.Chain.Abi;
using Foresight.Chain.Contracts;
using Foresight.Cluster.Offenders;
using Foresight.Matching.ChainFollowing;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Settlement;
using Foresight.Matching.Tests.Settlement;
using Foresight.Protocol;
using Xunit.Abstractions;

namespace Foresight.Matching.Tests.ChainFollowing;

/// <summary>
/// The attackers trade among honest makers in the same transaction, whose trades must not suffer. Each attack runs once;
/// FORESIGHT_REPEAT=25 repeats each and prints the durations in blocks.
/// </summary>
[Collection(ChainCollection.Name)]
public sealed partial class GhostFillTests(ChainFixture fixture, ITestOutputHelper output)
{
    private const int HonestTrades = 3;
    private const int BadLots = 1_000;
    private const int BadTicks = 5_000;

    /// <summary>The confirmations plus a margin, so that a trade that hangs is found.</summary>
    private const int MostBlocks = 8;

    private static readonly AbiFunction SetMode = ContractArtifact.TestWallet.Function("setMode");

    public enum Attack
    {
        MoneyMoved,
        ApprovalRevoked,
        OrderCancelled,
        WalletTurnsInvalid,
        WalletBurnsGas,
        WalletTakesItsCodeBack,
        MoneyBlocked,
    }

    /// <summary>With the reason for which the trade of a wallet fails.</summary>
    public static TheoryData<Attack, string> Attacks =>
        new()
        {
            { Attack.MoneyMoved, SettlementFailure.InsufficientCollateral },
            { Attack.ApprovalRevoked, SettlementFailure.InsufficientCollateral },
            { Attack.OrderCancelled, SettlementFailure.OrderCancelled },
            { Attack.WalletTurnsInvalid, SettlementFailure.InvalidSignature },
            { Attack.WalletBurnsGas, SettlementFailure.InvalidSignature },
            { Attack.WalletTakesItsCodeBack, SettlementFailure.InvalidSignature },
            { Attack.MoneyBlocked, SettlementFailure.TransferRefused },
        };

    [Theory]
    [MemberData(nameof(Attacks))]
    public async Task AnAttackBetweenMatchAndMining_FailsAlone_IsSeenWithinTwoBlocks_AndLeavesNothingHeld(Attack attack, string reason)
    {
        await using var venue = await LiveVenue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddWalletAsync(usdc: 1_000_000, shares: 0), await venue.AddWalletAsync(usdc: 0, shares: 1_000_000));
        var results = new List<Result>();
        for (var run = 1; run <= Repeat.Times; run++)
            results.Add(await RunAsync(venue, attack, reason, alice, bob));
        output.WriteLine(
            $"{attack, -20} runs {results.Count, 3}   blocks until failed {Span(results, r => r.Failed)}, until the order is "
                + $"off the book {Span(results, r => r.OffTheBook)}, "
                + $"until bust {Span(results, r => r.Bust)}, until the honest are final {Span(results, r => r.Final)}   honest "
                + $"settled {results.Sum(r => r.Honest)} of {results.Count * HonestTrades}"
        );
    }

    [Fact]
    public async Task TheThirdStrike_StandsForARefusal_AndAnHonestTraderHasNone()
    {
        await using var venue = await LiveVenue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddWalletAsync(usdc: 1_000_000, shares: 0), await venue.AddWalletAsync(usdc: 0, shares: 1_000_000));
        var eve = await venue.AddWalletAsync(usdc: 1_000, shares: 0);
        await venue.ConfirmAsync();
        var kept = await venue.PlaceAsync(eve, isBuy: true, 900, BadLots);
        var (levels, states) = (new List<OffenderLevel>(), new List<string>());
        for (var strike = 0; strike < 3; strike++)
        {
            await RunAsync(
                venue,
                Attack.OrderCancelled,
                SettlementFailure.OrderCancelled,
                alice,
                bob,
                eve,
                heldElsewhere: strike < 2 ? 900 * BadLots : 0
            );
            levels.Add(await StandingAsync(eve));
            states.Add((await venue.StateOfAsync(kept)).Status);
        }

        // An account whose new orders are refused must not keep earlier ones.
        Assert.Equal(["open", "open", "cancelled"], states);

        Assert.Equal([OffenderLevel.Capped, OffenderLevel.Capped, OffenderLevel.Refused], levels);
        Assert.Equal((OffenderLevel.Clear, OffenderLevel.Clear), (await StandingAsync(alice), await StandingAsync(bob)));

        async Task<OffenderLevel> StandingAsync(Wallet wallet)
        {
            var strikes = new List<Strike>();
            await using var command = venue.Venue.Database.CreateCommand("SELECT at, points FROM strikes WHERE address = $1 ORDER BY at");
            command.Parameters.Add(new() { Value = wallet.Account.ToBytes() });
            await using var reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync())
                strikes.Add(new Strike(reader.GetDateTime(0), reader.GetInt32(1)));
            return OffenderRules
                .StandingOf(strikes, new OffenderOptions(), strikes.Count == 0 ? DateTimeOffset.UnixEpoch : strikes[^1].At)
                .Level;
        }
    }

    private async Task<Result> RunAsync(
        LiveVenue venue,
        Attack attack,
        string reason,
        Wallet alice,
        Wallet bob,
        Wallet? attacker = null,
        long heldElsewhere = 0
    )
    {
        await fixture.AutomineAsync(true);
        var isContract = attack is Attack.WalletTurnsInvalid or Attack.WalletBurnsGas or Attack.WalletTakesItsCodeBack;
        var eve =
            attacker ?? (isContract ? await venue.AddContractWalletAsync(usdc: 1_000) : await venue.AddWalletAsync(usdc: 1_000, shares: 0));
        await venue.ConfirmAsync();

        var bid = await venue.PlaceAsync(eve, isBuy: true, BadTicks, BadLots);
        var bad = (await venue.PlaceAsync(bob, isBuy: false, BadTicks, BadLots)).TradeId;
        var resting = await venue.PlaceAsync(eve, isBuy: true, 1_000, BadLots);
        var honest = new List<long>();
        for (var i = 0; i < HonestTrades; i++)
        {
            await venue.PlaceAsync(bob, isBuy: false, 6_000 + (100 * i), 100);
            honest.Add((await venue.PlaceAsync(alice, isBuy: true, 6_000 + (100 * i), 100)).TradeId);
        }

        await fixture.AutomineAsync(false);
        var submitter = venue.Venue.NewSubmitter();
        await venue.Venue.StepAsync(submitter);
        foreach (var trade in honest.Append(bad))
            Assert.Equal("broadcast", (await venue.Venue.StateOfAsync(trade)).State);
        await AttackAsync(venue, attack, eve, bid);

        var result = await FollowAsync(venue, submitter, bad, resting, honest, restingGoes: attack != Attack.OrderCancelled);
        var (state, stored) = await venue.Venue.StateOfAsync(bad);
        Assert.Equal(("failed", reason), (state, FailureReasons.CodeOf(stored)));
        Assert.Equal(0, await venue.Venue.TimesSettledAsync(bad));
        foreach (var trade in honest)
            Assert.Equal(1, await venue.Venue.TimesSettledAsync(trade));
        // A block is the issuer's act, so it is no strike of the account.
        Assert.Equal(
            attack == Attack.MoneyBlocked ? [] : [reason],
            await venue.Venue.ScalarAsync<string[]>(
                "SELECT coalesce(array_agg(reason), '{}') FROM strikes WHERE trade_id = $1 AND address = $2",
                bad,
                eve.Account.ToBytes()
            )
        );
        if (attack == Attack.OrderCancelled)
            await venue.SendFirstAsync(eve, venue.Venue.MarketAddress, ContractArtifact.Market.Encode("cancelSalt", resting.Message.Salt));
        await venue.MineAsync();
        Assert.Equal(heldElsewhere, await venue.HeldAsync());
        await RequireLedgerIsChainAsync(venue, alice, bob);
        return result;
    }

    private static async Task<Result> FollowAsync(
        LiveVenue venue,
        Submitter submitter,
        long bad,
        LiveOrder resting,
        List<long> honest,
        bool restingGoes
    )
    {
        int? failed = null,
            off = restingGoes ? null : 0,
            bust = null,
            final = null;
        for (var block = 0; block < MostBlocks && (failed is null || off is null || bust is null || final is null); block++)
        {
            await venue.Venue.Fixture.MineAsync();
            await venue.Venue.StepAsync(submitter);
            await venue.Venue.FollowAsync();
            if ((await venue.Venue.StateOfAsync(bad)).State == "failed")
                failed ??= block;
            if ((await venue.StateOfAsync(resting)).Status == "cancelled")
                off ??= block;
            if (await venue.Venue.ScalarAsync<bool>("SELECT closed FROM trades WHERE trade_id = $1", bad))
                bust ??= block;
            var states = new List<string>();
            foreach (var trade in honest)
                states.Add((await venue.Venue.StateOfAsync(trade)).State);
            if (states.TrueForAll(s => s == "final"))
                final ??= block;
        }

        Assert.True(failed <= 2 && off <= 2 && bust <= 2, $"failed after {failed}, off the book after {off}, bust after {bust} blocks");
        Assert.NotNull(final);
        return new Result(failed.Value, off.Value, bust.Value, final.Value, honest.Count);
    }

    /// <summary>A higher tip than the batch's puts it before the batch, in the same block.</summary>
    private static Task AttackAsync(LiveVenue venue, Attack attack, Wallet eve, LiveOrder bid) =>
        attack switch
        {
            Attack.MoneyMoved => venue.SendFirstAsync(
                eve,
                venue.Venue.Deployment.Usdc,
                UsdcContract.Transfer(venue.Venue.Operator.Key.Address, new BigInteger(1_000) * 1_000_000)
            ),
            Attack.ApprovalRevoked => venue.SendFirstAsync(
                eve,
                venue.Venue.Deployment.Usdc,
                UsdcContract.Approve(venue.Venue.Deployment.Factory, 0)
            ),
            Attack.OrderCancelled => venue.SendFirstAsync(
                eve,
                venue.Venue.MarketAddress,
                ContractArtifact.Market.Encode("cancelSalt", bid.Message.Salt)
            ),
            Attack.MoneyBlocked => venue.SendFirstAsync(
                eve,
                venue.Venue.Deployment.Usdc,
                ContractArtifact.MockUsdc.Encode("setBlocked", eve.Account, true)
            ),
            // As an account does that delegates to no contract any more (EIP-7702).
            Attack.WalletTakesItsCodeBack => venue.Venue.Fixture.RequestAsync("anvil_setCode", eve.Account.ToString(), "0x"),
            Attack.WalletTurnsInvalid => venue.SendFirstAsync(eve, eve.Account, SetMode.Encode(1)),
            _ => venue.SendFirstAsync(eve, eve.Account, SetMode.Encode(2)),
        };

    /// <summary>A difference from the chain would mean that an account was paid twice, or not at all.</summary>
    private static async Task RequireLedgerIsChainAsync(LiveVenue venue, params Wallet[] wallets)
    {
        await venue.ConfirmAsync();
        var head = await venue.Venue.Client.BlockNumberAsync();
        var reader = new HoldingsReader(venue.Venue.Deployment, venue.Venue.Client);
        var chain = new List<ChainHolding>(
            await reader.ReadCollateralAsync([.. wallets.Select(w => w.Account)], head, CancellationToken.None)
        );
        chain.AddRange(
            await reader.ReadSharesAsync(
                venue.Venue.Deployment.Market(Venue.Market),
                [.. wallets.Select(w => w.Account)],
                head,
                CancellationToken.None
            )
        );
        var ledger = await new FollowerStore(venue.Venue.Database).ReadOwnedAsync(
            [.. wallets.Select(w => w.Account)],
            CancellationToken.None
        );
        foreach (var holding in chain)
        {
            Assert.Equal((holding, holding.Units), (holding, ledger.GetValueOrDefault(ObservationRules.KeyOf(holding))));
        }
    }

    private static string Span(List<Result> results, Func<Result, int> of) => $"{results.Min(of)}..{results.Max(of)}";

    private sealed record Result(int Failed, int OffTheBook, int Bust, int Final, int Honest);
}
