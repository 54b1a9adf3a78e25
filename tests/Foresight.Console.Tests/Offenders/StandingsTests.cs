using Foresight.Console.Offenders;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Offenders;

public sealed class StandingsTests
{
    [Fact]
    public void EachLevel_IsExplained()
    {
        Assert.Equal("new orders are refused; cancels are taken", Standings.Meaning(OffenderLevels.Refused));
        Assert.Equal("the worth of its open orders is bounded", Standings.Meaning(OffenderLevels.Capped));
        Assert.Equal("as everybody", Standings.Meaning(OffenderLevels.Clear));
    }

    [Fact]
    public void Reasons_AreCounted_TheMostFrequentFirst_AndEqualOnesByName()
    {
        var offender = Samples.Offender() with
        {
            ByReason = new Dictionary<string, int>
            {
                ["order_taken_back"] = 1,
                ["approval_revoked"] = 1,
                ["balance_moved"] = 1_200,
            },
        };
        Assert.Equal("balance moved ×1,200, approval revoked, order taken back", Standings.Reasons(offender));
    }
}
