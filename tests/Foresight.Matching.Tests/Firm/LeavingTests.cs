using System.Numerics;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Matching.Settlement;
using Foresight.Matching.Tests.Settlement;

namespace Foresight.Matching.Tests.Firm;

/// <summary>What operators see of requests on chain, which the engine knows of only by what is free.</summary>
[Collection(VaultChainCollection.Name)]
[Trait("Category", "Firm")]
public sealed class LeavingTests(ChainFixture fixture)
{
    private const long Usdc = 1_000_000;
    private const string Now = "SELECT units FROM vault_leaving WHERE next_block IS NULL AND state = 0";

    private static readonly SettlementOptions Options = new()
    {
        BatchAge = TimeSpan.Zero,
        Confirmations = 2,
        FinalityBlocks = 6,
    };

    [Fact]
    public async Task Request_IsListedWithItsDelay_StartsAgainWithTheNext_AndEndsWithItsCancel()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture, Options);
        var eve = await venue.AddAsync(usdc: 1_000, shares: 10);
        await RequestAsync(venue, eve, VaultContract.Usdc, 300 * Usdc);
        await venue.Live.ConfirmAsync();
        Assert.Equal(300 * Usdc, await venue.Venue.ScalarAsync<long>(Now));
        var purse = await PurseAsync(venue, eve);
        Assert.Equal(purse.ReadyBlock, await ScalarAsync(venue, "ready_block"));
        Assert.Equal(purse.ReadyTime, await ScalarAsync(venue, "extract(epoch FROM ready_at)::bigint"));
        Assert.Equal(FirmVenue.Delay.Blocks, await ScalarAsync(venue, "ready_block - requested_block"));
        Assert.Equal(FirmVenue.Delay.Seconds, await ScalarAsync(venue, "extract(epoch FROM ready_at - requested_at)::bigint"));

        await RequestAsync(venue, eve, VaultContract.Usdc, 100 * Usdc);
        await venue.Live.ConfirmAsync();
        Assert.Equal(400 * Usdc, await venue.Venue.ScalarAsync<long>(Now));
        Assert.Equal((await PurseAsync(venue, eve)).ReadyBlock, await ScalarAsync(venue, "ready_block"));

        await RequestAsync(venue, eve, OutcomeTokenContract.IdOf(venue.Venue.MarketAddress, 1), 3 * BigInteger.Pow(10, 18));
        await venue.Live.SendAsync(eve, venue.Vault, VaultContract.CancelWithdrawal(VaultContract.Usdc));
        await venue.Live.ConfirmAsync();
        Assert.Equal(300, await venue.Venue.ScalarAsync<long>($"{Now} AND market_id <> 0 AND outcome = 1"));
        Assert.Equal(0, await ScalarAsync(venue, "count(*)"));
        Assert.Equal(
            400 * Usdc,
            await venue.Venue.ScalarAsync<long>("SELECT units FROM vault_leaving WHERE next_block IS NULL AND state = 1")
        );
    }

    /// <summary>A payment at once has the same event as one after the delay, and changes what is leaving only by what it draws.</summary>
    [Fact]
    public async Task PaymentAtOnce_EndsNoRequest_AndDrawsOnItWhatTheFreePartLacks()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture, Options);
        var eve = await venue.AddAsync(usdc: 1_000, shares: 0);
        await RequestAsync(venue, eve, VaultContract.Usdc, 700 * Usdc);
        await PayAtOnceAsync(venue, eve, 200 * Usdc, nonce: 1);
        await venue.Live.ConfirmAsync();
        Assert.Equal(700 * Usdc, await venue.Venue.ScalarAsync<long>(Now));
        await PayAtOnceAsync(venue, eve, 250 * Usdc, nonce: 2);
        await venue.Live.ConfirmAsync();
        Assert.Equal(550 * Usdc, await venue.Venue.ScalarAsync<long>(Now));
        await PayAtOnceAsync(venue, eve, 550 * Usdc, nonce: 3);
        await venue.Live.ConfirmAsync();
        Assert.Equal(0, await ScalarAsync(venue, "count(*)"));
        Assert.Equal(3, await venue.Venue.ScalarAsync<short>("SELECT state FROM vault_leaving WHERE next_block IS NULL"));
    }

    [Fact]
    public async Task PaymentAfterTheDelay_EndsItsRequest()
    {
        await using var live = await LiveVenue.CreateAsync(
            fixture,
            vaultDelay: new WithdrawalDelay(Blocks: 3, Seconds: 5),
            options: Options
        );
        var (eve, vault) = (await live.AddWalletAsync(usdc: 1_000, shares: 0), live.Venue.Deployment.Vault!.Address);
        await live.SendAsync(eve, live.Venue.Deployment.Usdc, UsdcContract.Approve(vault, 1_000 * Usdc));
        await live.SendAsync(eve, vault, VaultContract.Deposit(1_000 * Usdc));
        await live.SendAsync(eve, vault, VaultContract.RequestWithdrawal(VaultContract.Usdc, 1_000 * Usdc));
        await live.MineAsync(3);
        await fixture.RequestAsync("evm_increaseTime", 7);
        await live.MineAsync();
        Assert.Equal(1_000 * Usdc, await live.Venue.ScalarAsync<long>(Now));
        await live.SendAsync(eve, vault, VaultContract.Finish(VaultContract.Usdc, eve.Account));
        await live.ConfirmAsync();
        Assert.Equal(2, await live.Venue.ScalarAsync<short>("SELECT state FROM vault_leaving WHERE next_block IS NULL"));
        Assert.Equal(1_000 * Usdc, await live.Venue.ScalarAsync<long>("SELECT units FROM vault_leaving WHERE next_block IS NULL"));
    }

    [Fact]
    public async Task Reorganisation_BringsBackWhatHeldBefore()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture, Options);
        var eve = await venue.AddAsync(usdc: 1_000, shares: 0);
        await RequestAsync(venue, eve, VaultContract.Usdc, 300 * Usdc);
        await venue.Live.MineAsync(4);
        var snapshot = await fixture.RequestAsync("evm_snapshot");
        await RequestAsync(venue, eve, VaultContract.Usdc, 100 * Usdc);
        await venue.Live.SendAsync(eve, venue.Vault, VaultContract.CancelWithdrawal(VaultContract.Usdc));
        await venue.Live.MineAsync(Options.Confirmations);
        Assert.Equal(0, await ScalarAsync(venue, "count(*)"));

        await fixture.RequestAsync("evm_revert", snapshot);
        await fixture.RequestAsync("anvil_dropAllTransactions");
        await fixture.RequestAsync("evm_increaseTime", 7);
        // The chain without them has to grow beyond the one that was followed.
        await fixture.MineAsync(Options.FinalityBlocks);
        await venue.Live.MineAsync(2);
        Assert.Equal(300 * Usdc, await venue.Venue.ScalarAsync<long>(Now));
        Assert.Equal(1, await venue.Venue.ScalarAsync<long>("SELECT count(*) FROM vault_leaving"));
        Assert.Equal((await PurseAsync(venue, eve)).ReadyBlock, await ScalarAsync(venue, "ready_block"));
    }

    [Fact]
    public async Task TermsThatTheShardsHaveConfirmed_AreKept()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture, Options);
        await venue.Live.ConfirmAsync();
        var followed = await venue.Venue.ScalarAsync<long>("SELECT block_time FROM chain_cursors WHERE name = 'follower'");
        var until = await venue.Venue.ScalarAsync<long>("SELECT extract(epoch FROM until_at)::bigint FROM firm_terms");
        // They are renewed 64 times in a delay.
        Assert.InRange(followed + FirmVenue.Delay.Seconds / 4 - until, 0, FirmVenue.Delay.Seconds / 64);
        var (trades, rate) = (
            await venue.Venue.ScalarAsync<long>("SELECT trades FROM firm_terms"),
            await venue.Venue.ScalarAsync<double>("SELECT trades_per_second FROM firm_terms")
        );
        Assert.Equal((long)(rate * FirmVenue.Delay.Seconds / 2), trades);
    }

    private static Task RequestAsync(FirmVenue venue, Wallet of, BigInteger asset, BigInteger amount) =>
        venue.Live.SendAsync(of, venue.Vault, VaultContract.RequestWithdrawal(asset, amount));

    /// <summary>Signed here as settlement would: what is free of it is for these tests to choose.</summary>
    private static async Task PayAtOnceAsync(FirmVenue venue, Wallet of, long micros, ulong nonce)
    {
        var head = await venue.Venue.Client.GetBlockAsync(await venue.Venue.Client.BlockNumberAsync());
        var message = new WithdrawalMessage(of.Account, VaultContract.Usdc, micros, nonce, head!.Timestamp + 600);
        var domain = WithdrawalMessage.DomainOf(venue.Venue.Deployment.ChainId, venue.Vault);
        var signature = venue.Venue.Operator.Key.Sign(domain.Digest(message.StructHash()));
        await venue.Live.SendAsync(of, venue.Vault, VaultContract.WithdrawNow(message, of.Account, signature));
    }

    private static Task<VaultPurse> PurseAsync(FirmVenue venue, Wallet of) =>
        new VaultContract(venue.Venue.Client, venue.Vault).PurseAsync(of.Account, VaultContract.Usdc);

    /// <summary>Of USDC that is leaving.</summary>
    private static Task<long> ScalarAsync(FirmVenue venue, string what) =>
        venue.Venue.ScalarAsync<long>($"SELECT {what} FROM vault_leaving WHERE next_block IS NULL AND state = 0 AND market_id = 0");
}
