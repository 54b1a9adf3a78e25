namespace Foresight.AppHost.Tests.References;

/// <summary>
/// Which project, and within the matching service which stage, may use which: the one place to change when they move. A project named
/// <c>*.Tests</c> is not listed: it may use anything but other tests.
/// </summary>
internal static class AllowedReferences
{
    public static readonly IReadOnlyDictionary<string, string[]> Projects = new Dictionary<string, string[]>
    {
        ["Foresight.Matching.Engine"] = [],
        ["Foresight.Chain"] = [],
        ["Foresight.Protocol"] = [],
        ["Foresight.ServiceDefaults"] = ["Foresight.Protocol"],
        ["Foresight.Cluster"] = ["Foresight.Protocol", "Foresight.ServiceDefaults"],
        ["Foresight.Matching"] =
        [
            "Foresight.Matching.Engine",
            "Foresight.Protocol",
            "Foresight.Chain",
            "Foresight.ServiceDefaults",
            "Foresight.Cluster",
        ],
        ["Foresight.Api"] =
        [
            "Foresight.Matching.Engine",
            "Foresight.Protocol",
            "Foresight.Chain",
            "Foresight.ServiceDefaults",
            "Foresight.Cluster",
        ],
        ["Foresight.Console"] = ["Foresight.Protocol", "Foresight.ServiceDefaults"],
        ["Foresight.Simulator"] = ["Foresight.Matching.Engine", "Foresight.Protocol", "Foresight.Chain", "Foresight.ServiceDefaults"],
        // Resources that it starts, not code that it calls.
        ["Foresight.AppHost"] = ["Foresight.Matching", "Foresight.Api", "Foresight.Console", "Foresight.Simulator"],

        ["Foresight.Testing"] = ["Foresight.AppHost", "Foresight.Matching"],
        ["Foresight.Simulation"] = ["Foresight.Matching"],
        ["Foresight.Matching.Engine.Mutants"] = [],
        ["Foresight.Bench"] =
        [
            "Foresight.Matching.Engine",
            "Foresight.Matching",
            "Foresight.Api",
            "Foresight.Simulation",
            "Foresight.Testing",
        ],
    };

    /// <summary>
    /// Folders of <c>Foresight.Matching</c>. Its <c>Program.cs</c>, beside them, uses them all. The stages of the order flow hand each
    /// other the commands, orders and markets of <c>Orders</c>; <c>Loop</c> runs them, and is used by what faces the other nodes.
    /// </summary>
    public static readonly IReadOnlyDictionary<string, string[]> Stages = new Dictionary<string, string[]>
    {
        ["Schema"] = [],
        ["Sharding"] = [],
        ["Leadership"] = [],
        ["Orders"] = [],
        ["Journal"] = ["Leadership", "Orders", "Sharding"],
        ["Sequencing"] = ["Journal", "Orders"],
        ["Publishing"] = ["Journal", "Leadership", "Orders"],
        ["Recovery"] = ["Journal", "Leadership", "Orders", "Sequencing"],
        ["Loop"] = ["Journal", "Leadership", "Orders", "Publishing", "Recovery", "Sequencing", "Sharding"],
        ["Gateway"] = ["Loop", "Orders"],
        ["ChainReading"] = [],
        ["Settlement"] = ["ChainReading", "Leadership"],
        ["ChainFollowing"] = ["ChainReading", "Leadership", "Settlement"],
        ["SettlementTerm"] = ["ChainReading", "ChainFollowing", "Leadership", "Settlement", "Sharding"],
        ["Reconciliation"] = ["ChainReading", "ChainFollowing", "Leadership", "Settlement"],
        ["Invariants"] = ["Orders", "Sequencing"],
        ["Setup"] = ["ChainReading", "Schema", "Settlement", "Sharding"],
    };
}
