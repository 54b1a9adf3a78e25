using System.Numerics;
using Foresight.Matching.ChainReading;
using Foresight.Protocol;

namespace Foresight.Matching.Reconciliation;

/// <summary>
/// Anyone whose counterparty has approved the relayer's contracts can fill orders directly on chain, as often as they pay for gas. So only
/// a bounded number of such fills get a finding of their own; the rest share one per stretch of blocks, and the run continues.
/// </summary>
/// <param name="firstBlock">First block of the deployment: nothing before it is compared.</param>
public sealed class RunFindings(int ofKnownOrders, int ofOthers, long firstBlock)
{
    /// <summary>With more findings the two sides differ in everything, which a single message reports better.</summary>
    public const int Most = 100_000;

    /// <summary>Stretches of shared findings begin at multiples of this number of blocks, so that every run uses the same keys.</summary>
    public const long StretchBlocks = 10_000;

    private readonly List<Finding> _own = [];
    private readonly SortedDictionary<long, (bool HasKnownOrder, BigInteger Amount)> _shared = [];
    private int _known;
    private int _others;

    /// <summary>Counted so that the run's note can report the fills that have no finding of their own.</summary>
    public long Untold { get; private set; }

    /// <summary>From the first such fill on, the run cannot decide that a direct fill is gone. Null: none.</summary>
    public long? UntoldFrom { get; private set; }

    public IReadOnlyList<Finding> All => [.. _own, .. _shared.Select(s => Shared(s.Key, s.Value.HasKnownOrder, s.Value.Amount))];

    public string? Note =>
        Untold == 0 ? null : $"{Untold} fills past the relayer have no line of their own, only one for each {StretchBlocks} blocks.";

    /// <exception cref="InconsistentChainException">
    /// There are more than <see cref="Most"/>, so journal and chain are probably not of the same deployment.
    /// </exception>
    public void Add(IEnumerable<Finding> found)
    {
        foreach (var finding in found)
        {
            if (finding.Direct is { } direct && IsTooMany(direct))
                Share(finding, direct);
            else
                _own.Add(finding);
        }

        if (_own.Count > Most)
            throw new InconsistentChainException(
                $"More than {Most} discrepancies: journal and chain are probably not of the same deployment."
            );
    }

    private bool IsTooMany(DirectFill direct) => direct.KnownOrder ? ++_known > ofKnownOrders : ++_others > ofOthers;

    private void Share(Finding finding, DirectFill direct)
    {
        var stretch = direct.Place.Block / StretchBlocks * StretchBlocks;
        var before = _shared.GetValueOrDefault(stretch);
        _shared[stretch] = (before.HasKnownOrder || direct.KnownOrder, before.Amount + (finding.Amount ?? 0));
        Untold++;
        UntoldFrom = Math.Min(UntoldFrom ?? long.MaxValue, direct.Place.Block);
    }

    // The evidence contains no number of fills: it must be the same in every run, and each run sees another part of the stretch.
    private Finding Shared(long stretch, bool hasKnownOrder, BigInteger amount) =>
        new(
            $"{DiscrepancyKinds.MissingOffChain}:more:{stretch}",
            DiscrepancyKinds.MissingOffChain,
            hasKnownOrder ? Severities.High : Severities.Low,
            null,
            null,
            null,
            Math.Max(stretch, firstBlock),
            $"More orders than are listed singly were filled directly on chain, past the relayer, in blocks {stretch} to "
                + $"{stretch + StretchBlocks - 1}.",
            new { fromBlock = stretch, toBlock = stretch + StretchBlocks - 1 },
            null
        )
        {
            Amount = amount,
        };
}
