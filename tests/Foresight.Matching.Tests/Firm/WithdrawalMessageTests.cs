using System.Collections.Concurrent;
using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Matching.Settlement;
using Foresight.Matching.Tests.Settlement;
using Foresight.Protocol;
using Npgsql;

namespace Foresight.Matching.Tests.Firm;

/// <summary>Each change of a withdrawal's state is in one message of settlement's holder, whichever stage has written it.</summary>
[Collection(VaultChainCollection.Name)]
[Trait("Category", "Firm")]
public sealed class WithdrawalMessageTests(ChainFixture fixture)
{
    private const long Usdc = 1_000_000;

    private static readonly SettlementOptions Options = new()
    {
        BatchAge = TimeSpan.Zero,
        Confirmations = 2,
        FinalityBlocks = 6,
    };

    [Fact]
    public async Task CoSignedWithdrawal_IsToldStepByStep_OnceEach_WithNumbersThatShowAGap()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture, Options);
        var heard = new ConcurrentQueue<WithdrawalsMessage>();
        venue.Venue.Broadcast.Subscribe<WithdrawalsMessage>(Channels.Withdrawals, heard.Enqueue);
        var (eve, message) = await GrantedAsync(venue);
        Assert.Equal(["granted"], await StatesAsync(venue));
        Assert.Empty(await StatesAsync(venue));
        await venue.Venue.StepAsync(venue.Venue.NewSubmitter());
        Assert.Equal(["co_signed"], await StatesAsync(venue));
        await PayAsync(venue, eve, message);
        await venue.Live.MineAsync(Options.Confirmations);
        Assert.Equal(["paying"], await StatesAsync(venue));
        await venue.Live.MineAsync(Options.FinalityBlocks);
        Assert.Equal(["paid"], await StatesAsync(venue));
        Assert.Empty(await StatesAsync(venue));

        await Eventually.TrueAsync("four messages came", Eventually.Patience, () => heard.Count >= 4);
        Assert.Equal([(2L, 1L), (3L, 2L), (4L, 3L), (5L, 4L)], heard.Select(one => (one.Sequence, one.Previous)));
        Assert.All(
            heard,
            one =>
            {
                Assert.Equal(venue.Venue.Term.Epoch, one.Epoch);
                var update = Assert.Single(one.Withdrawals);
                Assert.Equal(
                    (eve.Account.ToString(), "USDC", "400", "co_signature", $"{FirmVenue.FirstNonce}"),
                    (update.Account, update.Asset, update.Amount, update.Kind, update.Nonce)
                );
                Assert.Equal((long)message.Deadline, update.Deadline.ToUnixTimeSeconds());
                Assert.Equal(update.State is "paying" or "paid", update.Block is not null);
            }
        );
    }

    /// <summary>Settlement may look at it seldom, and a block may be undone.</summary>
    [Fact]
    public async Task WhatHappenedBetweenTwoLooks_IsToldInItsOrder_AndSoIsAWayBack()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture, Options);
        var (eve, message) = await GrantedAsync(venue);
        await venue.Venue.StepAsync(venue.Venue.NewSubmitter());
        Assert.Equal(["granted", "co_signed"], await StatesAsync(venue));
        await fixture.MineAsync(4);
        await venue.Venue.FollowAsync();
        var snapshot = await fixture.RequestAsync("evm_snapshot");
        await PayAsync(venue, eve, message);
        await venue.Live.MineAsync(Options.Confirmations);
        Assert.Equal(["paying"], await StatesAsync(venue));

        await fixture.RequestAsync("evm_revert", snapshot);
        await fixture.RequestAsync("anvil_dropAllTransactions");
        await fixture.RequestAsync("evm_increaseTime", 7);
        await venue.Live.MineAsync(Options.FinalityBlocks + 4);
        Assert.Equal(["co_signed"], await StatesAsync(venue));
        await PayAsync(venue, eve, message);
        await venue.Live.MineAsync(Options.FinalityBlocks + 2);
        Assert.Equal(["paying", "paid"], await StatesAsync(venue));
    }

    [Fact]
    public async Task PassedDeadline_IsToldOnce_AndAfterItTheNextStep()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture, Options);
        await GrantedAsync(venue);
        Assert.Equal(["granted"], await StatesAsync(venue));
        await venue.Venue.ExecuteAsync("UPDATE withdrawals SET deadline = now() - interval '1 second'");
        Assert.Equal(["expired"], await StatesAsync(venue));
        Assert.Empty(await StatesAsync(venue));
        // As the journal writes it when a final block is past the deadline; then again, under the same nonce.
        await venue.Venue.ExecuteAsync("UPDATE withdrawals SET state = 2");
        Assert.Equal(["lapsed"], await StatesAsync(venue));
        await venue.Venue.ExecuteAsync(
            "UPDATE withdrawals SET state = 0, co_signature = '\\x01', deadline = now() + interval '1 hour', sequence = sequence + 1"
        );
        Assert.Equal(["granted", "co_signed"], await StatesAsync(venue));
    }

    [Fact]
    public async Task Request_IsToldFromItsBlockToItsEnd()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture, Options);
        var eve = await venue.AddAsync(usdc: 1_000, shares: 10);
        await RequestAsync(venue, eve, VaultContract.Usdc, 300 * Usdc);
        await venue.Live.ConfirmAsync();
        var first = Assert.Single(await TakeAsync(venue));
        Assert.Equal(
            (eve.Account.ToString(), "USDC", "300", "request", "leaving", null),
            (first.Account, first.Asset, first.Amount, first.Kind, first.State, first.Nonce)
        );
        Assert.Equal(FirmVenue.Delay.Blocks, first.ReadyBlock - first.Block);
        Assert.NotNull(first.TransactionHash);

        // In one look: more of it, another asset, and its cancel.
        await RequestAsync(venue, eve, VaultContract.Usdc, 100 * Usdc);
        await RequestAsync(venue, eve, OutcomeTokenContract.IdOf(venue.Venue.MarketAddress, 1), 3 * BigInteger.Pow(10, 18));
        await venue.Live.SendAsync(eve, venue.Vault, VaultContract.CancelWithdrawal(VaultContract.Usdc));
        await venue.Live.ConfirmAsync();
        Assert.Equal(
            [("USDC", "400", "leaving"), ($"{Venue.Market}:1", "3", "leaving"), ("USDC", "400", "cancelled")],
            (await TakeAsync(venue)).Select(one => (one.Asset, one.Amount, one.State))
        );
        Assert.Empty(await StatesAsync(venue));
    }

    [Fact]
    public async Task Request_IsReadyWhenTimeAndBlockHaveCome_AndFinishedWhenItIsPaid()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture, Options, new WithdrawalDelay(Blocks: 3, Seconds: 5));
        var eve = await venue.AddAsync(usdc: 1_000, shares: 0);
        await RequestAsync(venue, eve, VaultContract.Usdc, 1_000 * Usdc);
        await venue.Live.ConfirmAsync();
        var request = Assert.Single(await TakeAsync(venue));
        // The chain's clock is ahead of the database's, and nothing of this venue writes where the chain is.
        await venue.Venue.ExecuteAsync("UPDATE vault_leaving SET ready_at = now() - interval '1 second'");
        Assert.Empty(await StatesAsync(venue));
        await HeadAsync(request.ReadyBlock!.Value - 1);
        Assert.Empty(await StatesAsync(venue));
        await HeadAsync(request.ReadyBlock.Value);
        Assert.Equal(["ready"], await StatesAsync(venue));
        Assert.Empty(await StatesAsync(venue));

        await venue.Live.MineAsync(3);
        await fixture.RequestAsync("evm_increaseTime", 7);
        await venue.Live.MineAsync();
        await venue.Live.SendAsync(eve, venue.Vault, VaultContract.Finish(VaultContract.Usdc, eve.Account));
        await venue.Live.ConfirmAsync();
        Assert.Equal(["finished"], await StatesAsync(venue));

        Task HeadAsync(long block) =>
            venue.Venue.ExecuteAsync(
                $"""
                INSERT INTO settlement_status (node_id, epoch, head_block, confirmed_block, confirmations) VALUES ('test', 1, {block}, 0, 2)
                ON CONFLICT (only_row) DO UPDATE SET head_block = excluded.head_block
                """
            );
    }

    /// <summary>What holds again is sent again. What is gone has no state, so a number is left out, and every owner reads.</summary>
    [Fact]
    public async Task Reorganisation_TellsWhatHoldsAgain_AndLeavesANumberOut()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture, Options);
        var eve = await venue.AddAsync(usdc: 1_000, shares: 0);
        await RequestAsync(venue, eve, VaultContract.Usdc, 300 * Usdc);
        await venue.Live.MineAsync(4);
        Assert.Equal(["leaving"], await StatesAsync(venue));
        var snapshot = await fixture.RequestAsync("evm_snapshot");
        await venue.Live.SendAsync(eve, venue.Vault, VaultContract.CancelWithdrawal(VaultContract.Usdc));
        await venue.Live.MineAsync(Options.Confirmations);
        Assert.Equal(["cancelled"], await StatesAsync(venue));

        var heard = new ConcurrentQueue<WithdrawalsMessage>();
        venue.Venue.Broadcast.Subscribe<WithdrawalsMessage>(Channels.Withdrawals, heard.Enqueue);
        await fixture.RequestAsync("evm_revert", snapshot);
        await fixture.RequestAsync("anvil_dropAllTransactions");
        await fixture.RequestAsync("evm_increaseTime", 7);
        await fixture.MineAsync(Options.FinalityBlocks);
        await venue.Live.MineAsync(2);
        var again = Assert.Single(await TakeAsync(venue));
        Assert.Equal(("300", "leaving"), (again.Amount, again.State));
        await Eventually.TrueAsync("the message came", Eventually.Patience, () => !heard.IsEmpty);
        // The two before it were 2 and 3.
        Assert.Equal((5L, 4L), heard.Select(one => (one.Sequence, one.Previous)).Single());
    }

    [Fact]
    public async Task NextHolder_TellsWhatTheOneBeforeHasNot_AndNothingTwice()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture, Options);
        await GrantedAsync(venue);
        Assert.Equal(["granted"], await StatesAsync(venue));
        await venue.Venue.StepAsync(venue.Venue.NewSubmitter());

        var before = venue.Venue.Term;
        await venue.Venue.TakeTermAsync();
        var refused = await Assert.ThrowsAsync<PostgresException>(() =>
            new WithdrawalChanges(venue.Venue.Database).TakeAsync(before, CancellationToken.None)
        );
        Assert.Equal("FS001", refused.SqlState);
        var heard = new ConcurrentQueue<WithdrawalsMessage>();
        venue.Venue.Broadcast.Subscribe<WithdrawalsMessage>(Channels.Withdrawals, heard.Enqueue);
        venue.Venue.Withdrawals.RepeatPosition(venue.Venue.Term);
        Assert.Equal(["co_signed"], await StatesAsync(venue));
        Assert.Empty(await StatesAsync(venue));

        await Eventually.TrueAsync("the position and the message came", Eventually.Patience, () => heard.Count >= 2);
        Assert.Equal([(1L, 1L, 0), (2L, 1L, 1)], heard.Select(one => (one.Sequence, one.Previous, one.Withdrawals.Count)));
        Assert.All(heard, one => Assert.Equal(before.Epoch + 1, one.Epoch));
    }

    /// <summary>The last message before a silence has no successor that would show that it was lost.</summary>
    [Fact]
    public async Task Position_IsRepeatedAfterAChange_ThenEveryFewSeconds()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture, Options);
        await GrantedAsync(venue);
        await StatesAsync(venue);
        var heard = new ConcurrentQueue<WithdrawalsMessage>();
        venue.Venue.Broadcast.Subscribe<WithdrawalsMessage>(Channels.Withdrawals, heard.Enqueue);
        for (var second = 1; second <= 10; second++)
            venue.Venue.Withdrawals.RepeatPosition(venue.Venue.Term);
        await Eventually.TrueAsync("the positions are repeated", Eventually.Patience, () => heard.Count >= 5);
        Assert.Equal(5, heard.Count);
        Assert.All(heard, one => Assert.Equal((2L, 2L, 0), (one.Sequence, one.Previous, one.Withdrawals.Count)));
    }

    private static async Task<IReadOnlyList<WithdrawalUpdate>> TakeAsync(FirmVenue venue)
    {
        var updates = await new WithdrawalChanges(venue.Venue.Database).TakeAsync(venue.Venue.Term, CancellationToken.None);
        venue.Venue.Withdrawals.Publish(venue.Venue.Term, updates);
        return updates;
    }

    private static async Task<IEnumerable<string>> StatesAsync(FirmVenue venue) => (await TakeAsync(venue)).Select(one => one.State);

    /// <summary>400 of 1,000 USDC, not co-signed yet.</summary>
    private static async Task<(Wallet Eve, WithdrawalMessage Message)> GrantedAsync(FirmVenue venue)
    {
        var eve = await venue.AddAsync(usdc: 1_000, shares: 0);
        await venue.Live.ConfirmAsync();
        var message = await venue.MessageOfAsync(eve, 400 * Usdc, TimeSpan.FromMinutes(10));
        Assert.Null((await venue.GrantAsync(eve, message)).Code);
        return (eve, message);
    }

    private static async Task PayAsync(FirmVenue venue, Wallet eve, WithdrawalMessage message)
    {
        var coSignature = await venue.Venue.ScalarAsync<byte[]>("SELECT co_signature FROM withdrawals");
        await venue.Live.SendAsync(eve, venue.Vault, VaultContract.WithdrawNow(message, eve.Account, coSignature));
    }

    private static Task RequestAsync(FirmVenue venue, Wallet of, BigInteger asset, BigInteger amount) =>
        venue.Live.SendAsync(of, venue.Vault, VaultContract.RequestWithdrawal(asset, amount));
}
