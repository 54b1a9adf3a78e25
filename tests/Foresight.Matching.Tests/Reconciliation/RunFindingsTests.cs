using System.Numerics;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Reconciliation;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Reconciliation;

public class RunFindingsTests
{
    [Fact]
    public void HoweverManyFillsSomebodyMakesPastTheRelayer_TheRunGoesOn()
    {
        var findings = new RunFindings(ofKnownOrders: 10_000, ofOthers: 500, firstBlock: 3);
        findings.Add(Enumerable.Range(0, 100_000).Select(i => Direct(i, block: 20_000 + (i / 100), isKnown: false)));
        findings.Add(Enumerable.Range(0, 30_000).Select(i => Direct(200_000 + i, block: 40_000, isKnown: true)));
        Assert.Equal(500 + 10_000 + 2, findings.All.Count);
        Assert.Equal((99_500 + 20_000, 20_005L), (findings.Untold, findings.UntoldFrom));
        Assert.Contains("119500 fills", findings.Note);
        // A shared finding has the same key in every run, so the key has no number of fills that the next run would count differently.
        Assert.Equal(
            ["missing_offchain:more:20000 low 99500", "missing_offchain:more:40000 high 20000"],
            findings.All.TakeLast(2).Select(f => $"{f.NaturalKey} {f.Severity} {f.Amount}")
        );
        Assert.All(findings.All.TakeLast(2), f => Assert.Null(f.Repair));
        Assert.DoesNotContain("99500", Evidence.Json(findings.All[^2].OnChain));
    }

    [Fact]
    public void AFewFillsPastTheRelayer_HaveALineEach()
    {
        var findings = new RunFindings(ofKnownOrders: 1, ofOthers: 1, firstBlock: 3);
        findings.Add([Direct(1, 5, isKnown: false), Direct(2, 6, isKnown: true)]);
        Assert.Equal(["missing_offchain:0x1:0", "missing_offchain:0x2:0"], findings.All.Select(f => f.NaturalKey));
        Assert.Equal((0L, null, null), (findings.Untold, findings.UntoldFrom, findings.Note));
    }

    [Fact]
    public void ManyDisagreementsOfOurOwn_FailTheRun() =>
        Assert.Throws<InconsistentChainException>(() =>
            new RunFindings(1, 1, 3).Add(Enumerable.Range(0, 100_001).Select(i => Direct(i, 1, isKnown: true) with { Direct = null }))
        );

    private static Finding Direct(int i, long block, bool isKnown)
    {
        var place = new EventPlace(block, "0xb", $"0x{i}", 0);
        return new Finding(
            $"missing_offchain:0x{i}:0",
            DiscrepancyKinds.MissingOffChain,
            Severities.Medium,
            1,
            null,
            place.TransactionHash,
            block,
            "",
            null,
            null
        )
        {
            Amount = 1,
            Direct = new DirectFill(1, "0xm", new FillSide($"0xa{i}", "0xmaker", 0, true, 1, BigInteger.One), place, isKnown),
        };
    }
}
