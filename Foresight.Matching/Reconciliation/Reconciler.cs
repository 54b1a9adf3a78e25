using Foresight.Chain.Rpc;
using Foresight.Matching.ChainReading;
using Npgsql;

namespace Foresight.Matching.Reconciliation;

/// <summary>
/// Writes nothing. The findings of a run count only if every read succeeded, so a failed read can neither invent a discrepancy nor move the
/// cursor.
/// </summary>
public sealed class Reconciler(ReconciliationContext context)
{
    private const int NowhereLimit = 10_000;

    private readonly Deployment _deployment = context.Deployment;
    private readonly EthereumClient _client = context.Client;
    private readonly ReconciliationOptions _options = context.Options;
    private readonly ReconciliationStore _store = context.Store;
    private readonly ReconciliationInputReader _input = new(context.Deployment, context.Client, context.Store);
    private readonly EvidenceReader _evidence = new(context.Client, context.Database);
    private readonly BalanceChecker _balances = new(
        context.Deployment,
        context.Database,
        new HoldingsReader(context.Deployment, context.Client)
    );
    private readonly VaultChecker? _vault = VaultOf(context);

    private static VaultChecker? VaultOf(ReconciliationContext context)
    {
        if (context.Deployment.Vault is null)
            return null;
        var store = new VaultStore(context.Deployment, context.Database);
        return new VaultChecker(context.Deployment, store, new VaultReader(context.Deployment, context.Client, store));
    }

    /// <param name="planned">
    /// Called with the blocks that the run compares before it reads them, so that an unfinished run leaves a visible gap; may be null.
    /// </param>
    public async Task<RunResult> RunAsync(RunRow run, CancellationToken cancellationToken, Func<BlockRange, Task>? planned = null)
    {
        BlockRange whole = default,
            reading = default;
        var findings = new RunFindings(_options.DirectFillsOfKnownOrders, _options.DirectFillsOfOthers, _deployment.DeployedBlock);
        var (covered, compared) = (new List<BlockRange>(), 0L);
        try
        {
            var cursor = await _store.ReadCursorAsync(ReconciliationJournal.CursorName, cancellationToken) ?? _deployment.DeployedBlock - 1;
            (whole, reading) = (new BlockRange(cursor + 1, cursor), new BlockRange(cursor + 1, cursor + 1));
            var head = await _client.BlockNumberAsync(cancellationToken);
            var followed = await _store.ReadCursorAsync(ChainCursors.Follower, cancellationToken) ?? _deployment.DeployedBlock - 1;
            var to = RangeRules.LastComparable(head, _options.Confirmations, followed);
            var from = RangeRules.FirstBlock(
                _deployment.DeployedBlock,
                cursor,
                run.Manual,
                _options.ScheduledLookback,
                _options.ManualLookback,
                to
            );
            whole = new BlockRange(from, to);
            if (planned is not null)
                await planned(whole);
            BlockMark? last = null;
            foreach (var range in RangeRules.Split(from, to, _options.BlockRange))
            {
                reading = range;
                var (both, verified) = await _input.ReadAsync(range, to, cancellationToken);
                var differing = ReconciliationRules.Compare(both);
                await _input.ConfirmAsync(verified, differing.Select(f => f.BlockNumber), cancellationToken);
                findings.Add(differing);
                compared += both.Journal.Count;
                covered.Add(range);
                last = verified.Last;
            }

            reading = new BlockRange(to, to);
            findings.Add(ReconciliationRules.Compare(await _input.ReadNowhereAsync(to, NowhereLimit, cancellationToken)));
            var compares = _options.Balances && to >= _deployment.DeployedBlock;
            var check = compares ? await _balances.CheckAsync(context.Clock, cancellationToken) : null;
            var vault = check is null || _vault is null ? null : await _vault.CheckAsync(context.Clock, cancellationToken);
            // A reorganisation came in between: both or none, because the purses are part of the balances.
            if (_vault is not null && vault is null)
                check = null;
            if (vault is not null)
                findings.Add(vault.Findings);
            if (check is not null)
                findings.Add(check.Findings.Where(finding => vault is null || !BalanceRules.IsOfVault(finding)));

            var all = findings.All;
            var proof = await _evidence.ReadAsync(all, cancellationToken);
            // The result of a range must still hold at the end: a reorganisation during the run would mix two chains.
            if (last is { } mark && (await _client.GetBlockAsync(mark.Number, cancellationToken))?.Hash != mark.Hash)
                throw new InconsistentChainException($"Block {mark.Number} was undone while it was compared.");
            var reached = RangeRules.Advance(cursor, covered);
            HashSet<string> ahead = [.. check?.Ahead ?? new HashSet<string>(), .. vault?.Ahead ?? new HashSet<string>()];
            string?[] notes = [findings.Note, compares ? BalanceRules.NoteOf(check, ahead.Count) : null, vault?.Note];
            return new RunResult(
                run.RunId,
                null,
                whole,
                compared,
                all,
                covered,
                null,
                last is { } end && reached == end.Number && reached > cursor ? (reached, end.Hash.ToBytes()) : null
            )
            {
                Totals = check?.Totals,
                Ahead = ahead,
                Vault = vault,
                Proof = proof,
                Untold = findings.Untold,
                UntoldFrom = findings.UntoldFrom,
                Note = notes.OfType<string>().Any() ? string.Join(' ', notes.OfType<string>()) : null,
            };
        }
        catch (Exception error)
            when (error is RpcException or InconsistentChainException or FormatException or NpgsqlException
                && !cancellationToken.IsCancellationRequested
            )
        {
            return new RunResult(
                run.RunId,
                error.Message,
                whole with
                {
                    ToBlock = Math.Max(whole.ToBlock, reading.ToBlock),
                },
                0,
                [],
                [],
                reading,
                null
            );
        }
    }
}
