using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Matching.Engine;
using Foresight.Matching.Setup;
using Foresight.Matching.Tests.Settlement;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Firm;

/// <summary>From the approved proposal to the trade, with the real engine, journal, settlement and contracts.</summary>
[Collection(VaultChainCollection.Name)]
[Trait("Category", "Firm")]
public sealed class FirmMarketTests(ChainFixture fixture)
{
    private const string Question = "Will every trade of this market settle?";
    private const int FirmOnly = 2;
    private const long Lots = 1_000;

    [Fact]
    public async Task MarketOfFirmOrdersAlone_RefusesTheWallet_AndTakesTheVault_AlsoAfterAFailover()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture);
        await ListAsync(venue);
        var (eve, bob) = (await venue.AddAsync(usdc: 1_000, shares: 0), await venue.AddAsync(usdc: 1_000, shares: 0));
        var carol = await venue.Live.AddWalletAsync(usdc: 1_000, shares: 0);
        await venue.Live.ConfirmAsync();

        await RefusedAsync(venue, eve, PurseChoice.Wallet, ProblemCodes.FirmRequired);
        // Her money in the wallet is enough, and it is not what such a market takes.
        await RefusedAsync(venue, carol, PurseChoice.Either, ProblemCodes.InsufficientBalance);
        Assert.Equal(ResultStatus.Accepted, (await PlaceAsync(venue, carol, PurseChoice.Wallet, market: Venue.Market)).Result.Status);
        Assert.Equal(ResultStatus.Accepted, (await PlaceAsync(venue, eve, PurseChoice.Vault)).Result.Status);
        var trade = (await PlaceAsync(venue, bob, PurseChoice.Either, outcome: 1, ticks: 4_000)).TradeId;
        Assert.True(await venue.IsFirmAsync(trade));
        Assert.Equal("final", await venue.EndOfAsync(venue.Venue.NewSubmitter(), trade));

        await venue.Live.ReplaceLeaderAsync();
        await venue.Live.ConfirmAsync();
        await RefusedAsync(venue, eve, PurseChoice.Wallet, ProblemCodes.FirmRequired);
        Assert.Equal(ResultStatus.Accepted, (await PlaceAsync(venue, eve, PurseChoice.Either)).Result.Status);
    }

    private static async Task RefusedAsync(FirmVenue venue, Wallet maker, PurseChoice purse, string code)
    {
        var result = (await PlaceAsync(venue, maker, purse)).Result;
        Assert.Equal((ResultStatus.Rejected, code), (result.Status, result.Code));
    }

    private static Task<LiveOrder> PlaceAsync(
        FirmVenue venue,
        Wallet maker,
        PurseChoice purse,
        int market = FirmOnly,
        int outcome = 0,
        int ticks = 6_000
    ) => venue.Live.PlaceAsync(venue.Live.Sign(maker, isBuy: true, ticks, Lots, market, outcome), market: market, purse: purse);

    private static async Task ListAsync(FirmVenue venue)
    {
        await venue.Venue.ExecuteAsync(
            """
            INSERT INTO market_proposals (kind, question, question_hash, outcomes, tick_size, firm_only, proposed_by, proposed_key,
                proposed_note, approved_by, approved_key, approved_at, approved_note)
            VALUES ('create', $1, $2, ARRAY['Yes', 'No'], 10, true, 'Ada', 'ada', 'because', 'Grace', 'grace', now(), 'agreed')
            """,
            Question,
            Keccak256.HashText(Question).ToBytes()
        );
        var transactions = new TransactionSequence(venue.Venue.Client, venue.Venue.Operator.Key, venue.Venue.Deployment.ChainId);
        await transactions.SendAsync(
            venue.Venue.Deployment.Factory,
            MarketFactoryContract.CreateMarket(Keccak256.HashText(Question), outcomes: 2),
            6_000_000,
            CancellationToken.None
        );
        await transactions.WaitAsync(CancellationToken.None);
        await venue.Live.ConfirmAsync();
        await venue.Venue.ReadDeploymentAsync();
        await Eventually.TrueAsync(
            "the market is listed",
            Eventually.Patience,
            async () => await venue.Venue.ScalarAsync<long>("SELECT count(*) FROM markets WHERE listed_sequence IS NOT NULL") == FirmOnly
        );
    }
}
