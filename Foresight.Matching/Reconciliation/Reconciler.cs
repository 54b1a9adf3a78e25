using Foresight.Chain.Rpc;
using Foresight.Matching.ChainReading;
using Npgsql;

namespace Foresight.Matching.Reconciliation;

/// <summary>
/// One run: which blocks, both sides of each range, what differs. It writes nothing; what it found counts only if all of it could be read,
/// so a failed read can neither invent a discrepancy nor move the cursor.
/// </summary>
public sealed class Reconciler(ReconciliationContext context)
{
    /// <summary>Settled trades without a block that are looked up in one run.</summary>
    private const int NowhereLimit = 10_000;

    private readonly Deployment deployment = context.Deployment;
    private readonly EthereumClient client = context.Client;
    private readonly ReconciliationOptions options = context.Options;
    private readonly ReconciliationStore store = context.Store;
    private readonly ReconciliationInputReader input = new(context.Deployment, context.Client, context.Store);
    private readonly EvidenceReader evidence = new(context.Client, context.Database);
    private readonly BalanceChecker balances = new(context.Deployment, context.Database, new HoldingsReader(context.Deployment, context.Client));

    /// <param name="planned">Told which blocks the run compares, before it reads them; null: nobody is.</param>
    public async Task<RunResult> RunAsync(RunRow run, CancellationToken cancellation, Func<BlockRange, Task>? planned = null)
    {
        BlockRange whole = default, reading = default;
        var findings = new RunFindings(options.DirectFillsOfKnownOrders, options.DirectFillsOfOthers, deployment.DeployedBlock);
        var (covered, compared) = (new List<BlockRange>(), 0L);
        try
        {
            var cursor = await store.ReadCursorAsync(ReconciliationJournal.CursorName, cancellation) ?? deployment.DeployedBlock - 1;
            (whole, reading) = (new BlockRange(cursor + 1, cursor), new BlockRange(cursor + 1, cursor + 1));
            var head = await client.BlockNumberAsync(cancellation);
            var followed = await store.ReadCursorAsync(ChainCursors.Follower, cancellation) ?? deployment.DeployedBlock - 1;
            var to = RangeRules.LastComparable(head, options.Confirmations, followed);
            var from = RangeRules.FirstBlock(deployment.DeployedBlock, cursor, run.Manual, options.ScheduledLookback, options.ManualLookback, to);
            whole = new BlockRange(from, to);
            if (planned is not null) await planned(whole);
            BlockMark? last = null;
            foreach (var range in RangeRules.Split(from, to, options.BlockRange))
            {
                reading = range;
                var (both, verified) = await input.ReadAsync(range, to, cancellation);
                var differing = ReconciliationRules.Compare(both);
                await input.ConfirmAsync(verified, differing.Select(f => f.BlockNumber), cancellation);
                findings.Add(differing);
                compared += both.Journal.Count;
                covered.Add(range);
                last = verified.Last;
            }

            reading = new BlockRange(to, to);
            findings.Add(ReconciliationRules.Compare(await input.ReadNowhereAsync(to, NowhereLimit, cancellation)));
            var compares = options.Balances && to >= deployment.DeployedBlock;
            var check = compares ? await balances.CheckAsync(context.Clock, cancellation) : null;
            if (check is not null) findings.Add(check.Findings);

            var all = findings.All;
            var proof = await evidence.ReadAsync(all, cancellation);
            // What a range says must still be so at the end: a reorganisation under the run would mix two chains.
            if (last is { } mark && (await client.GetBlockAsync(mark.Number, cancellation))?.Hash != mark.Hash)
                throw new InconsistentChainException($"Block {mark.Number} was undone while it was compared.");
            var reached = RangeRules.Advance(cursor, covered);
            string?[] notes = [findings.Note, compares ? BalanceRules.NoteOf(check) : null];
            return new RunResult(
                run.RunId, null, whole, compared, all, covered, null,
                last is { } end && reached == end.Number && reached > cursor ? (reached, end.Hash.ToBytes()) : null)
            {
                Totals = check?.Totals, Ahead = check?.Ahead ?? new HashSet<string>(), Proof = proof, Untold = findings.Untold, UntoldFrom = findings.UntoldFrom,
                Note = notes.OfType<string>().Any() ? string.Join(' ', notes.OfType<string>()) : null,
            };
        }
        catch (Exception error) when (error is RpcException or InconsistentChainException or FormatException or NpgsqlException && !cancellation.IsCancellationRequested)
        {
            return new RunResult(run.RunId, error.Message, whole with { ToBlock = Math.Max(whole.ToBlock, reading.ToBlock) }, 0, [], [], reading, null);
        }
    }
}
