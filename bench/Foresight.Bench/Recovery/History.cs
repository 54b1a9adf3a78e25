using Foresight.Matching.Journal;
using Foresight.Matching.Recovery;
using Foresight.Matching.Sequencing;
using Foresight.Protocol;
using Foresight.Matching.Leadership;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Foresight.Bench.Recovery;

/// <summary>
/// A journal with a history, made by the product's own sequencer, writer and snapshots, a batch after the other as its loop does, under a term
/// of its own. Only the clock is told: the history took place within the last day, so that the statistics of 24 hours are made of all of
/// it. It ends one command before the next snapshot would be due.
/// </summary>
internal sealed class History(NpgsqlDataSource database, int orders, int resting, int seed)
{
    private static readonly TimeSpan Length = TimeSpan.FromHours(23);

    private readonly PostgresJournal journal = new(database, shard: 0);
    private readonly Sequencer sequencer = new(
        new MatchingState(new Matching.Engine.ExchangeEngine(0), new Accounts(), new LiveOrders(), []), new Dictionary<Guid, DateTime>(), 0);
    private readonly OrderFlow flow = new(seed, resting);
    private readonly DateTime start = DateTime.UtcNow - Length;
    private Task committing = Task.CompletedTask;
    private long trades;

    public Sequencer Sequencer => sequencer;
    public int Orders => flow.Placed;
    public long Trades => trades;

    /// <summary>Commands after the newest snapshot.</summary>
    public long Tail { get; private set; }

    public async Task BuildAsync()
    {
        var (term, _) = await new TermStore(new PostgresLeadershipTable(database), NullLogger<TermStore>.Instance)
            .TakeAsync(new NewHolder(LeasedResources.Matching, Guid.NewGuid(), "history", "http://127.0.0.1:1", "history"),
                CancellationToken.None);
        var snapshots = new SnapshotWriter(journal, term, startSequence: 0, PipelineLimits.CommandsPerSnapshot, NullLogger.Instance);
        var writer = new JournalWriter(journal);
        var markets = await journal.MarketsAsync(listed: false, CancellationToken.None);
        foreach (var funding in OrderFlow.Funding().Chunk(PipelineLimits.BatchCommands))
        {
            await CommitAsync(writer, term, funding, markets);
            markets = [];
        }

        var snapshotAt = 0L;
        var said = 0;
        while (true)
        {
            if (snapshots.IsDue(sequencer.Sequence))
            {
                await committing;
                snapshots.Begin(sequencer);
                snapshotAt = sequencer.Sequence;
                await snapshots.FinishAsync();
            }

            Tail = sequencer.Sequence - snapshotAt;
            var enough = flow.Placed >= orders && sequencer.Orders.Count >= resting;
            var untilDue = PipelineLimits.CommandsPerSnapshot - 1 - Tail;
            if (enough && untilDue == 0) break;
            // Near the end, no more than leave it one command before the snapshot.
            var size = enough && untilDue > 0 ? Math.Min(PipelineLimits.BatchCommands, untilDue) : PipelineLimits.BatchCommands;
            await CommitAsync(writer, term, flow.Next(sequencer, (int)size, Now), []);
            if (flow.Placed / 100_000 > said)
                Console.WriteLine(
                    $"  {flow.Placed,9:N0} orders, {sequencer.Orders.Count,7:N0} at rest, {trades,9:N0} trades, {sequencer.Sequence,9:N0} commands");
            said = flow.Placed / 100_000;
        }

        await committing;
    }

    private DateTime Now => start + (Length * Math.Min(1.0, (double)flow.Placed / orders));

    /// <summary>Matches while the batch before is being committed.</summary>
    private async Task CommitAsync(JournalWriter writer, Term term, IReadOnlyList<QueuedCommand> requests, IReadOnlyList<Market> newMarkets)
    {
        // All are new, so there is nothing to look up.
        var batch = sequencer.Match(requests, new LookupResult { Now = Now }, newMarkets, term.Epoch, TimeProvider.System);
        flow.Matched(batch);
        trades += batch.Trades.Count;
        await committing;
        committing = batch.Commands.Count > 0 ? writer.CommitAsync(term, batch) : Task.CompletedTask;
    }
}
