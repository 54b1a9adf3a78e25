using Foresight.Chain;
using Foresight.Matching.ChainFollowing;
using Foresight.Matching.ChainReading;

namespace Foresight.Matching.Tests.ChainFollowing;

[Trait("Category", "Firm")]
public sealed class LeavingRulesTests
{
    private static readonly Address Alice = Address.Parse("0x00000000000000000000000000000000000000a1");
    private static readonly Address Bob = Address.Parse("0x00000000000000000000000000000000000000b0");
    private static readonly Hash32 Transaction = Hash32.Parse("0x" + new string('1', 64));

    [Fact]
    public void SecondRequest_StartsAgain_AndADraw_KeepsWhenItIsReady()
    {
        var rows = Of(Requested(10, 100, readyBlock: 50), Requested(12, 300, readyBlock: 52), Changed(PurseChangeKind.Drawn, 13, 250));
        Assert.Equal([(10, 100), (12, 300), (13, 250)], rows.Select(row => ((int)row.Block, (int)row.Units)));
        Assert.All(rows, row => Assert.Equal(LeavingState.Leaving, row.State));
        Assert.Equal([12, 13, null], rows.Select(row => row.NextBlock));
        Assert.Equal(
            (12, 1_012, 52, 1_052, 1_013),
            (rows[2].RequestedBlock, rows[2].RequestedAt, rows[2].ReadyBlock, rows[2].ReadyAt, rows[2].ChangedAt)
        );
    }

    [Theory]
    [InlineData(PurseChangeKind.Cancelled, 300, LeavingState.Cancelled)]
    [InlineData(PurseChangeKind.Finished, 300, LeavingState.Finished)]
    [InlineData(PurseChangeKind.Drawn, 0, LeavingState.Drawn)]
    [InlineData(PurseChangeKind.Drawn, 1, LeavingState.Leaving)]
    public void Request_EndsAsTheChainHasIt(PurseChangeKind kind, long units, LeavingState state)
    {
        var before = Of(Requested(10, 300))[0];
        var row = Assert.Single(Of(before, Changed(kind, 20, units)));
        Assert.Equal((state, units, 10L), (row.State, row.Units, row.RequestedBlock));
    }

    /// <summary>As of a database that was set up after the request, or of one that has ended.</summary>
    [Fact]
    public void EndOfARequestThatIsNotKnown_IsNoRow()
    {
        Assert.Empty(Of(Changed(PurseChangeKind.Cancelled, 20, 300)));
        var ended = Of(Requested(10, 300), Changed(PurseChangeKind.Cancelled, 11, 300))[1];
        Assert.Empty(Of(ended, Changed(PurseChangeKind.Finished, 20, 300)));
    }

    [Fact]
    public void PursesOfOthers_AndOfOtherAssets_AreApart()
    {
        var market = new DeployedMarket(7, Bob, 2, 0);
        var rows = Of(
            Requested(10, 100),
            Requested(10, 200) with
            {
                Account = Bob,
            },
            Requested(10, 300) with
            {
                Market = market,
                Outcome = 1,
            },
            Changed(PurseChangeKind.Cancelled, 11, 200) with
            {
                Account = Bob,
            }
        );
        Assert.Equal([null, 11, null, null], rows.Select(row => row.NextBlock));
        Assert.Equal([(0, 255), (0, 255), (7, 1), (0, 255)], rows.Select(row => (row.Purse.Market, row.Purse.Outcome)));
    }

    private static IReadOnlyList<LeavingRow> Of(params PurseChange[] changes) =>
        LeavingRules.Of(changes, new Dictionary<AssetKey, LeavingRow>(), block => 1_000 + block);

    private static IReadOnlyList<LeavingRow> Of(LeavingRow before, params PurseChange[] changes) =>
        LeavingRules.Of(changes, new Dictionary<AssetKey, LeavingRow> { [before.Purse] = before }, block => 1_000 + block);

    private static PurseChange Requested(long block, long leaving, long readyBlock = 50) =>
        new(PurseChangeKind.Requested, Alice, null, 0, leaving, block, 3, Transaction, readyBlock, 1_000 + readyBlock);

    private static PurseChange Changed(PurseChangeKind kind, long block, long units) =>
        new(kind, Alice, null, 0, units, block, 4, Transaction);
}
