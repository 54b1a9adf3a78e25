using Foresight.Matching.Journal;
using Foresight.Matching.Leadership;
using Foresight.Matching.Orders;
using Foresight.Matching.Recovery;
using Foresight.Matching.Sequencing;
using Foresight.Protocol;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Foresight.Bench.Recovery;

/// <summary>
/// Uses the product's own sequencer, writer and snapshots, batch by batch as its loop does, under its own term, so that the journal is a
/// real one. Only the clock is set: the history lies within the last day, so that the 24-hour statistics cover all of it.
/// </summary>
internal sealed class History(NpgsqlDataSource database, int orders, int resting, int seed)
{
    private static readonly TimeSpan Length = TimeSpan.FromHours(23);

    private readonly PostgresJournal _journal = new(database, shard: 0);
    private readonly Sequencer _sequencer = new(
        new MatchingState(new Matching.Engine.ExchangeEngine(0), new Accounts(), new LiveOrders(), []),
        new Dictionary<Guid, DateTime>(),
        0
    );
    private readonly OrderFlow _flow = new(seed, resting);
    private readonly DateTime _start = DateTime.UtcNow - Length;
    private Task _committing = Task.CompletedTask;
    private long _trades;

    public Sequencer Sequencer => _sequencer;
    public int Orders => _flow.Placed;
    public long Trades => _trades;

    public long Tail { get; private set; }

    public async Task BuildAsync()
    {
        var term = await TestTerms.TakeAsync(database, LeasedResources.Matching);
        var snapshots = new SnapshotWriter(_journal, term, startSequence: 0, MatchingLimits.CommandsPerSnapshot, NullLogger.Instance);
        var markets = await _journal.MarketsToChangeAsync(CancellationToken.None);
        foreach (var funding in OrderFlow.Funding().Chunk(MatchingLimits.BatchCommands))
        {
            await CommitAsync(term, funding, markets);
            markets = [];
        }

        var snapshotAt = 0L;
        var said = 0;
        while (true)
        {
            if (snapshots.IsDue(_sequencer.Sequence))
            {
                await _committing;
                snapshots.Begin(_sequencer);
                snapshotAt = _sequencer.Sequence;
                await snapshots.FinishAsync();
            }

            Tail = _sequencer.Sequence - snapshotAt;
            var enough = _flow.Placed >= orders && _sequencer.Orders.Count >= resting;
            var untilDue = MatchingLimits.CommandsPerSnapshot - 1 - Tail;
            if (enough && untilDue == 0)
                break;
            // Ends one command before the next snapshot is due, because that is the longest tail that a recovery may have to replay.
            var size = enough && untilDue > 0 ? Math.Min(MatchingLimits.BatchCommands, untilDue) : MatchingLimits.BatchCommands;
            await CommitAsync(term, _flow.Next(_sequencer, (int)size, Now), []);
            if (_flow.Placed / 100_000 > said)
                Console.WriteLine(
                    $"  {_flow.Placed, 9:N0} orders, {_sequencer.Orders.Count, 7:N0} at rest, {_trades, 9:N0} trades, "
                        + $"{_sequencer.Sequence, 9:N0} commands"
                );
            said = _flow.Placed / 100_000;
        }

        await _committing;
    }

    /// <summary>
    /// Without a recent sign of life the sequencer would refuse the orders; the life is the longest that the contracts allow.
    /// </summary>
    private static OrderLife LifeAt(DateTime now) =>
        new(new DateTimeOffset(now).ToUnixTimeSeconds(), LifeSeconds: 30 * 86_400, BlockTime: null);

    private DateTime Now => _start + (Length * Math.Min(1.0, (double)_flow.Placed / orders));

    /// <summary>Matches while the previous batch is being committed, because the product's loop does.</summary>
    private async Task CommitAsync(Term term, IReadOnlyList<QueuedCommand> requests, IReadOnlyList<Market> newMarkets)
    {
        // All commands are new, so there are no duplicates to look up.
        var batch = _sequencer.Match(
            requests,
            new LookupResult { Now = Now, OrderLife = LifeAt(Now) },
            newMarkets,
            term.Epoch,
            TimeProvider.System
        );
        _flow.Matched(batch);
        _trades += batch.Trades.Count;
        await _committing;
        _committing = batch.Commands.Count > 0 ? _journal.CommitAsync(term, batch) : Task.CompletedTask;
    }
}
