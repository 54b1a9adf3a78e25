using Foresight.Chain;
using Foresight.Matching.ChainFollowing;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Reconciliation;

namespace Foresight.Matching.Tests.ChainFollowing;

public class ObservationRulesTests
{
    private static readonly DeployedMarket Market = new(1, AddressOf(9), 2, 0);
    private static readonly Deployment Deployment = new(
        31337,
        default,
        AddressOf(7),
        AddressOf(8),
        AddressOf(6),
        1,
        1,
        0,
        TimeSpan.FromDays(1),
        [Market]
    );
    private static readonly Address Alice = AddressOf(1);
    private static readonly Address Stranger = AddressOf(2);

    [Fact]
    public void Plan_ReadsWhatKnownAccountsMoved_AndLeavesStrangersAlone()
    {
        var facts = new BlockFacts();
        facts.Touched.Add(new TouchedAsset(Alice, null, 0));
        facts.Touched.Add(new TouchedAsset(Stranger, Market, 1));
        var plan = ObservationRules.Plan(Deployment, facts, new HashSet<Address> { Alice });
        Assert.Equal([Alice], plan.Collateral);
        Assert.Empty(plan.Shares);
    }

    [Fact]
    public void Plan_ReadsEverythingOfANewcomer_WhicheverApprovalCameFirst()
    {
        var facts = new BlockFacts();
        facts.ShareApprovals.Add(Stranger);
        facts.Granted.Add(Stranger);
        var plan = ObservationRules.Plan(Deployment, facts, new HashSet<Address>());
        Assert.Equal([Stranger], plan.Collateral);
        Assert.Equal([Stranger], plan.Shares[Market]);
    }

    [Fact]
    [Trait("Category", "Trust")]
    public void Plan_ReadsNothingOfAStranger_WhoApprovedNothing_AndOfAnAccountWhoTookItBackEverythingOfThat()
    {
        var facts = new BlockFacts();
        facts.CollateralApprovals.UnionWith([Alice, Stranger]);
        facts.ShareApprovals.UnionWith([Alice, Stranger]);
        var plan = ObservationRules.Plan(Deployment, facts, new HashSet<Address> { Alice });
        Assert.Equal([Alice], plan.Collateral);
        Assert.Equal([Alice], plan.Shares[Market]);
    }

    [Fact]
    public void Changed_TellsOnlyDifferences_ButMakesANewAccountEvenWithNothing()
    {
        ChainHolding[] read = [new(Alice, null, 0, 50), new(Alice, Market, 1, 3), new(Stranger, null, 0, 0), new(Stranger, Market, 0, 0)];
        var owned = new Dictionary<AssetKey, long> { [new(Alice, 0, 255)] = 50, [new(Alice, 1, 1)] = 4 };
        var changed = ObservationRules.Changed(read, owned, new HashSet<Address> { Alice });
        Assert.Equal([read[1], read[2]], changed);
    }

    [Fact]
    public void BalanceDifferences_CountOnlyIfTheyStayTheSame()
    {
        LedgerHolding Holding(long owned) => new(new AssetKey(Alice, 0, 255), owned, 0);
        var chain = new Dictionary<AssetKey, long> { [new(Alice, 0, 255)] = 100 };
        var first = BalanceRules.Differing([Holding(90)], chain);
        Assert.Single(BalanceRules.StillDiffering(first, BalanceRules.Differing([Holding(90)], chain)));
        Assert.Empty(BalanceRules.StillDiffering(first, BalanceRules.Differing([Holding(95)], chain)));
        Assert.Empty(BalanceRules.Differing([Holding(100)], chain));
    }

    private static Address AddressOf(byte last)
    {
        var bytes = new byte[Address.Size];
        bytes[^1] = last;
        return new Address(bytes);
    }
}
