using System.Numerics;
using Foresight.Chain.Contracts;
using Foresight.Matching.Reconciliation;
using Foresight.Matching.Tests.Settlement;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.ChainFollowing.Allotment;

[Collection(ChainCollection.Name)]
public sealed class ShardedSettlementTests(ChainFixture fixture)
{
    private const long Usdc = 1_000_000;

    [Fact]
    public async Task TradesOfBothShards_Settle_AndTheLedgersTogetherAreTheChains()
    {
        await using var live = await LiveVenue.CreateAsync(fixture, shards: 2);
        var (alice, bob) = (await live.AddWalletAsync(usdc: 100, shares: 0), await live.AddWalletAsync(usdc: 100, shares: 0));
        await live.ConfirmAsync();
        Assert.Equal("50000000,50000000", await PartsAsync(live, alice));

        // Alice pays 0.60 for one outcome and bob 0.40 for the other, so a set is made in each market.
        foreach (var market in new[] { 1, 2 })
        {
            Assert.Equal("open", (await live.PlaceAsync(alice, isBuy: true, 6_000, 1_000, market: market)).Result.OrderStatus);
            var bobs = await live.PlaceAsync(bob, isBuy: true, 4_000, 1_000, market: market, outcome: 1);
            Assert.Equal(market - 1, Shards.OfId(bobs.TradeId));
        }

        await live.Venue.SettleAllAsync();
        Assert.Equal(2L, await live.Venue.ScalarAsync<long>("SELECT count(*) FROM trades WHERE settlement = 'final' AND closed"));
        Assert.Equal((88 * Usdc, 92 * Usdc), (await live.OwnedUsdcAsync(alice), await live.OwnedUsdcAsync(bob)));
        Assert.Equal("44000000,44000000", await PartsAsync(live, alice));
        Assert.Equal(0L, await live.HeldAsync());

        // Shard 0 cannot pay for this alone: the rest is fetched from shard 1, and the order is accepted when it is sent again.
        Assert.Equal(ProblemCodes.InsufficientBalance, (await live.PlaceAsync(alice, isBuy: true, 5_000, 14_000)).Result.Code);
        var follower = live.Venue.NewFollower();
        await Eventually.TrueAsync(
            "the order is taken",
            Eventually.Patience,
            async () =>
            {
                if ((await live.PlaceAsync(alice, isBuy: true, 5_000, 14_000)).Result.Status == ResultStatus.Accepted)
                    return true;
                // One follower throughout, as in a term, because it looks for refused orders only from its second look on.
                await live.Venue.FollowAsync(follower);
                return false;
            }
        );
        Assert.Equal("70000000,18000000", await PartsAsync(live, alice));

        // Most of the money leaves the wallet: free money goes first, then the order is cancelled.
        await live.SendAsync(alice, live.Venue.Deployment.Usdc, UsdcContract.Transfer(bob.Account, (BigInteger)80 * Usdc));
        await live.ConfirmAsync();
        Assert.Equal((8 * Usdc, 172 * Usdc), (await live.OwnedUsdcAsync(alice), await live.OwnedUsdcAsync(bob)));
        Assert.Equal(0L, await live.HeldAsync());
        // A decrease at an unconfirmed block is compared only when that block is confirmed, so one is mined.
        await live.MineAsync();
        var check = await live.CheckBalancesAsync();
        Assert.Empty(check!.Findings);
        Assert.Empty(check.Ahead);
        Assert.Equal(check.Totals.Chain, check.Totals.Ledger);
    }

    private static Task<string> PartsAsync(LiveVenue live, Wallet wallet) =>
        live.Venue.ScalarAsync<string>(
            """
            SELECT string_agg(b.owned::text, ',' ORDER BY b.shard) FROM balances b JOIN accounts a USING (account_id)
            WHERE a.address = $1 AND b.outcome = 255
            """,
            wallet.Account.ToBytes()
        );
}
