using Foresight.Matching.Invariants;
using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Invariants;

/// <summary>
/// A checker that has never found anything proves nothing, so the journal of a real node is damaged in every way that it must detect.
/// </summary>
[Collection(StoresCollection.Name)]
public sealed class InvariantCheckerTests(StoresFixture stores) : IAsyncLifetime
{
    private const int TraderCount = 6;

    private static readonly (string Sql, string Sentence)[] Damages =
    [
        ("DELETE FROM commands WHERE sequence = 40", "Command 40 is missing"),
        ("DELETE FROM commands WHERE sequence = 40", "some are missing"),
        ("DELETE FROM commands WHERE sequence = 1", "Command 1 is missing"),
        ("UPDATE commands SET epoch = 2 WHERE sequence = 30", "is of epoch 1, and the one before it of epoch 2"),
        ("UPDATE commands SET epoch = 2 WHERE sequence = 30", "is of epoch 1, and an earlier one of epoch 2"),
        (
            "UPDATE commands SET epoch = 7 WHERE sequence = (SELECT max(sequence) FROM commands)",
            "of epoch 7, which is not in leadership_history"
        ),
        ("UPDATE commands SET accepted_at = accepted_at - interval '1 hour' WHERE sequence = 50", "before the one before it"),
        (
            "UPDATE commands SET payload = (SELECT payload FROM commands WHERE sequence = 60) WHERE sequence = 61",
            "Command 61 says of itself that it is 60"
        ),
        ("UPDATE commands SET payload = set_byte(payload, 0, 99) WHERE sequence = 61", "Command 61 cannot be replayed"),
        ("UPDATE commands SET kind = 12 WHERE sequence = 61", "Command 61 is stored as ExpireOrders"),
        ("UPDATE commands SET result = jsonb_set(result, '{sequence}', '7') WHERE sequence = 61", "was answered as (1, 7)"),
        (
            "UPDATE commands SET result = jsonb_set(result, '{status}', '1') "
                + "WHERE sequence = (SELECT min(sequence) FROM orders WHERE status < 5)",
            "was answered Rejected, and its replay is accepted"
        ),
        (
            """
            DELETE FROM fills WHERE order_id = (SELECT min(order_id) FROM orders WHERE filled_lots = 0);
            DELETE FROM orders WHERE order_id = (SELECT min(order_id) FROM orders WHERE filled_lots = 0)
            """,
            "is not in its table"
        ),
        ("UPDATE orders SET sequence = 3 WHERE order_id = (SELECT min(order_id) FROM orders)", "is in its table as"),
        ("UPDATE orders SET epoch = 0 WHERE order_id = (SELECT min(order_id) FROM orders)", "the journal of shard 0 has no such command"),
        ("UPDATE orders SET filled_lots = filled_lots - 1 WHERE order_id = (SELECT min(order_id) FROM fills)", "and its fills add up to"),
        (
            "UPDATE orders SET status = 3 WHERE order_id = (SELECT max(order_id) FROM orders WHERE status = 0)",
            "orders are open in their table"
        ),
        (
            "UPDATE orders SET status = 3, updated_sequence = sequence - 1 WHERE order_id = (SELECT order_id FROM fills LIMIT 1)",
            "which was cancelled before"
        ),
        (
            "UPDATE fills SET quantity_lots = quantity_lots + 1 WHERE trade_id = (SELECT min(trade_id) FROM trades) AND leg = 0",
            "does not conserve money and shares"
        ),
        (
            "UPDATE fills SET price_ticks = price_ticks + 1 WHERE trade_id = (SELECT max(trade_id) FROM trades) AND leg = 1",
            "does not conserve money and shares"
        ),
        (
            "UPDATE fills SET price_ticks = price_ticks + 1 WHERE trade_id = (SELECT max(trade_id) FROM trades) AND leg = 1",
            "Leg 1 of trade"
        ),
        ("DELETE FROM fills WHERE trade_id = (SELECT max(trade_id) FROM trades)", "is not in its table"),
        (
            "INSERT INTO trades SELECT (r).* FROM (SELECT jsonb_populate_record(t, '{\"trade_id\": 999999}') AS r FROM trades t LIMIT 1) x",
            "Trade 999999 is in its table"
        ),
        (
            "UPDATE trades SET closed = false WHERE trade_id = (SELECT max(trade_id) FROM trades WHERE closed)",
            "is open in its table, and a command has closed it"
        ),
        ("UPDATE trades SET epoch = 0 WHERE trade_id = (SELECT max(trade_id) FROM trades)", "the journal of shard 0 has no such command"),
        (
            "UPDATE balances SET owned = owned + 1 WHERE account_id = 2 AND outcome = 255",
            "The collateral in the wallet of account 2 is in its table as"
        ),
        ("UPDATE balances SET order_hold = order_hold + 1 WHERE account_id = 2 AND outcome = 255", "but open orders reserve"),
        ("DELETE FROM salt_tombstones WHERE sequence = (SELECT min(sequence) FROM salt_tombstones)", "The tombstone of command"),
        (
            "UPDATE salt_tombstones SET met_order = NOT met_order WHERE sequence = (SELECT min(sequence) FROM salt_tombstones)",
            "The tombstone of command"
        ),
        ("UPDATE salt_tombstones SET sequence = 1 WHERE met_order", "had cancelled its salt"),
        ("DELETE FROM orders WHERE order_id = (SELECT min(order_id) FROM orders WHERE status = 5)", "is not in its table"),
        ("UPDATE snapshots SET state_hash = '0123456789abcdef'", "was stored with the state hash 0123456789abcdef"),
        ("DELETE FROM leadership_history WHERE epoch = 1 AND resource = 'matching-engine'", "follows epoch"),
        ("UPDATE leadership SET epoch = 1 WHERE resource = 'matching-engine'", "and the last one in its history is 2"),
    ];

    private TestCluster _cluster = null!;
    private StateDigest _proof = null!;

    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.CreateAsync(stores);
        var traders = new Traders(seed: 61);
        var placed = new List<PlaceOrder>();
        for (var term = 1; term <= 2; term++)
        {
            await using var node = await TestNode.StartAsync($"n{term}", _cluster);
            await node.ActiveAsync();
            if (term == 1)
                await node.Router.AcceptAsync([
                    .. Enumerable
                        .Range(1, TraderCount)
                        .SelectMany(trader =>
                            (LeaderCommand[])
                                [
                                    Traders.Fund(trader),
                                    Traders.FundShares(trader, 1, 0),
                                    Traders.FundShares(trader, 1, 1),
                                    Traders.FundShares(trader, 2, 1),
                                ]
                        ),
                ]);
            for (var i = 0; i < 6; i++)
            {
                var commands = Enumerable.Range(0, 50).Select(_ => traders.Any(TraderCount, placed)).ToList();
                await node.Router.SendAsync(commands);
                placed.AddRange(commands.OfType<PlaceOrder>());
            }

            await node.Router.SendAsync(Traders.Settle(await OldestOpenTradeAsync(), block: 10));
            await node.Router.SendAsync(Traders.Bust(await OldestOpenTradeAsync(), block: 10));
            _proof = await node.ProofAsync();
        }

        await JournalChecks.StoreSnapshotAsync(_cluster, await _cluster.ReplayAsync(through: 200), spoilt: false);
    }

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    private Task<long> OldestOpenTradeAsync() => _cluster.ScalarAsync<long>("SELECT min(trade_id) FROM trades WHERE NOT closed");

    [Fact]
    public async Task ASoundJournal_HasNoViolation_AndEachDamage_IsFound()
    {
        var sound = new InvariantChecker(_cluster.Database);
        await sound.CompareAsync(0, _proof.Sequence, _proof.StateHash, CancellationToken.None);
        await sound.CheckAsync(CancellationToken.None);
        Assert.Empty(sound.Violations);
        Assert.True(
            await _cluster.ScalarAsync<long>("SELECT count(DISTINCT kind) FROM trades") == 3,
            "there must be trades of every kind to damage"
        );

        var missed = new List<string>();
        foreach (var (sql, sentence) in Damages)
        {
            await using var damaged = await stores.CloneAsync(_cluster);
            await using (var command = damaged.CreateCommand(sql))
                Assert.True(await command.ExecuteNonQueryAsync() > 0, $"it must damage something: {sql}");
            var checker = new InvariantChecker(damaged);
            await checker.CheckAsync(CancellationToken.None);
            if (!checker.Violations.Any(said => said.Contains(sentence, StringComparison.Ordinal)))
                missed.Add($"{sql} should be told as '… {sentence} …', and was told as: {string.Join(" ", checker.Violations)}");
        }

        Assert.True(missed.Count == 0, string.Join('\n', missed));
    }

    [Fact]
    public async Task AChecker_GoesOnFromWhereItWas_AndFindsWhatIsLostOrRewrittenBehindIt()
    {
        await using var database = await stores.CloneAsync(_cluster);
        var checker = new InvariantChecker(database);
        await checker.FollowAsync(CancellationToken.None);
        Assert.Equal(_proof.Sequence, checker.Shard(0).Sequence);
        await checker.FollowAsync(CancellationToken.None);
        Assert.True(checker.Holds, string.Join(' ', checker.Violations));

        // The promotion of a standby that had not received everything loses rows like this.
        await using (var lost = database.CreateCommand("DELETE FROM commands WHERE sequence = (SELECT max(sequence) FROM commands)"))
            await lost.ExecuteNonQueryAsync();
        await checker.FollowAsync(CancellationToken.None);
        Assert.Contains(checker.Violations, said => said.Contains("is not there any more"));
    }

    [Fact]
    public async Task ALiveEngineThatSaysAnotherHash_IsAViolation()
    {
        var checker = new InvariantChecker(_cluster.Database);
        await checker.CompareAsync(0, _proof.Sequence, "0123456789abcdef", CancellationToken.None);
        Assert.Contains(checker.Violations, said => said.Contains("replaying the journal gives"));
    }
}
