using Dapper;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Matching.Settlement;

namespace Foresight.Matching.ChainFollowing;

/// <summary>
/// Tells each shard until when, and up to how many, its orders are firm (docs/firm-money.md). Sent before the cursor moves, so after
/// everything that the blocks contain.
/// </summary>
public sealed class FirmTerms(SettlementContext settlement, LeaderClient leader, FollowerJournal journal)
{
    private FirmTermsOfShard? _sent;

    /// <summary>The most that each shard may still use; null until it has confirmed a number to this follower.</summary>
    private long?[]? _held;

    /// <param name="head">The newest block that the node has: how old the followed one is by the chain's clock.</param>
    public async Task SendAsync(BlockHeader followed, long head, CancellationToken cancellationToken)
    {
        if (settlement.Deployment.Vault is not { Delay: var delay })
            return;
        var held = _held ??= new long?[await ReadShardsAsync(cancellationToken)];
        var (oldest, isHalted, measured) = await ReadStateAsync(cancellationToken);
        var rate = FirmTermsRules.Rate(measured, settlement.Options.BatchTrades, oldest, isHalted);
        var trades = FirmTermsRules.Trades(delay, followed.Timestamp, rate, oldest);
        var terms = new FirmTermsOfShard(FirmTermsRules.Until(delay, followed.Timestamp), trades / held.Length);
        var parts = FirmTermsRules.Divide(trades, held);
        var isLess = Enumerable.Range(0, held.Length).Any(shard => held[shard] is not { } most || parts[shard] < most);
        if (!isLess && !FirmTermsRules.IsWorthSending(terms, _sent, delay))
            return;
        if (await settlement.Client.GetBlockAsync(head, cancellationToken) is not { } newest)
            throw new RpcUnavailableException("eth_getBlockByNumber", $"the node has no block {head} any more");
        var left = Math.Max(0, terms.UntilSeconds - newest.Timestamp);
        await Task.WhenAll(held.Select((_, shard) => SendAsync(shard, terms.UntilSeconds, parts[shard], left, cancellationToken)));
        await journal.NoteTermsAsync(settlement.Term, terms with { Trades = parts.Min() }, held.Length, rate, cancellationToken);
        _sent = terms;
    }

    /// <exception cref="UndeliveredException">It has not confirmed: it may use the larger one of the two numbers until it has.</exception>
    private async Task SendAsync(int shard, long until, long trades, long left, CancellationToken cancellationToken)
    {
        if (_held![shard] is { } most)
            _held[shard] = Math.Max(most, trades);
        await leader.DeliverAsync([leader.SetFirmTerms(shard, until, trades, left)], cancellationToken);
        _held[shard] = trades;
    }

    private async Task<int> ReadShardsAsync(CancellationToken cancellationToken)
    {
        await using var connection = await settlement.Database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<int>(
            new CommandDefinition("SELECT shard_count()", cancellationToken: cancellationToken)
        );
    }

    /// <summary>
    /// The rate is that of the newest batches, from their signing to their block. While settlement is halted, by an operator or by itself,
    /// there is none.
    /// </summary>
    private async Task<(OldestFirm Oldest, bool IsHalted, double? Rate)> ReadStateAsync(CancellationToken cancellationToken)
    {
        await using var connection = await settlement.Database.OpenConnectionAsync(cancellationToken);
        var (oldest, waits, isHalted, rate) = await connection.QuerySingleAsync<(long?, double?, bool, double?)>(
            new CommandDefinition(
                """
                SELECT extract(epoch FROM t.oldest)::bigint, extract(epoch FROM clock_timestamp() - t.oldest)::float8,
                    EXISTS (SELECT FROM operator_holds WHERE subject = 'settlement')
                        OR EXISTS (SELECT FROM settlement_status WHERE halted IS NOT NULL),
                    (SELECT sum(trades) / nullif(extract(epoch FROM max(updated_at) - min(created_at)), 0)::float8
                     FROM (SELECT trades, created_at, updated_at FROM settlement_batches
                        WHERE state IN ('mined', 'final') AND trades > 0 ORDER BY batch_id DESC LIMIT @Batches) AS newest)
                FROM (SELECT min(executed_at) AS oldest FROM trades
                    WHERE firm AND settlement NOT IN ('final', 'failed') AND NOT closed) t
                """,
                new { Batches },
                cancellationToken: cancellationToken
            )
        );
        return (new OldestFirm(oldest, waits ?? 0), isHalted, rate);
    }

    private const int Batches = 20;
}
