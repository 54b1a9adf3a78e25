using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Matching.Tests.Settlement;

namespace Foresight.Matching.Tests.ChainFollowing;

/// <summary>
/// The contract names the payer whichever side the token's issuer has blocked, so the blocked side must be determined. To be blocked is the
/// issuer's act and no offence; to order again is one.
/// </summary>
[Collection(ChainCollection.Name)]
public sealed class BlockedAccountTests(ChainFixture fixture)
{
    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task WhoeverIsBlocked_LeavesTheBook_AndTheOtherSideStays_AndOnlyOrderingAgainIsBlamed(bool isSeller, bool isKnownBefore)
    {
        await using var venue = await LiveVenue.CreateAsync(fixture);
        var (buyer, seller) = (await venue.AddWalletAsync(usdc: 1_000, shares: 0), await venue.AddWalletAsync(usdc: 0, shares: 1_000));
        var (blocked, innocent) = isSeller ? (seller, buyer) : (buyer, seller);
        await venue.ConfirmAsync();
        await venue.PlaceAsync(seller, isBuy: false, 5_000, 100);
        var trade = (await venue.PlaceAsync(buyer, isBuy: true, 5_000, 100)).TradeId;
        var (bid, ask) = (await venue.PlaceAsync(buyer, isBuy: true, 1_000, 100), await venue.PlaceAsync(seller, isBuy: false, 9_000, 100));

        await fixture.AutomineAsync(isKnownBefore);
        if (isKnownBefore)
            await BlockAsync(venue, blocked.Account);
        var submitter = venue.Venue.NewSubmitter();
        await venue.Venue.StepAsync(submitter);
        if (!isKnownBefore)
            await venue.SendFirstAsync(
                blocked,
                venue.Venue.Deployment.Usdc,
                ContractArtifact.MockUsdc.Encode("setBlocked", blocked.Account, true)
            );
        for (var i = 0; i < 4; i++)
        {
            await fixture.MineAsync();
            await venue.Venue.StepAsync(submitter);
            await venue.Venue.FollowAsync();
        }

        Assert.Equal(("failed", $"transfer_refused:{blocked.Account.ToLowerHex()}"), await venue.Venue.StateOfAsync(trade));
        Assert.Equal(0L, await venue.Venue.ScalarAsync<long>("SELECT count(*) FROM strikes"));
        var (lost, kept) = isSeller ? (ask, bid) : (bid, ask);
        Assert.Equal(("cancelled", "open"), ((await venue.StateOfAsync(lost)).Status, (await venue.StateOfAsync(kept)).Status));
        Assert.Equal("open", (await venue.PlaceAsync(innocent, isBuy: isSeller, isSeller ? 1_100 : 8_900, 100)).Result.OrderStatus);

        await venue.PlaceAsync(seller, isBuy: false, 4_000, 50);
        await venue.PlaceAsync(buyer, isBuy: true, 4_000, 50);
        await venue.Venue.StepAsync(submitter);
        await venue.Venue.FollowAsync();
        Assert.Equal(
            blocked.Account.ToBytes(),
            Assert.Single(await venue.Venue.ScalarAsync<byte[][]>("SELECT array_agg(address) FROM strikes"))
        );
    }

    [Fact]
    public async Task ATokenThatServesNobody_IsNobodysDoing()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        var trade = await venue.TradeAsync(alice, bob);
        foreach (var account in new[] { alice.Address, venue.Deployment.Factory })
            await venue.SendAsync(venue.Operator.Key, venue.Deployment.Usdc, ContractArtifact.MockUsdc.Encode("setBlocked", account, true));
        await venue.SettleAllAsync();
        Assert.Equal(("failed", "transfer_refused"), await venue.StateOfAsync(trade));
        Assert.Equal(0L, await venue.ScalarAsync<long>("SELECT count(*) FROM strikes"));
        Assert.Equal([trade], venue.Leader.Bust);
    }

    private static Task BlockAsync(LiveVenue venue, Address account) =>
        venue.Venue.SendAsync(
            venue.Venue.Operator.Key,
            venue.Venue.Deployment.Usdc,
            ContractArtifact.MockUsdc.Encode("setBlocked", account, true)
        );
}
