namespace Foresight.AppHost.Tests.References;

/// <summary>
/// The one place to change when projects or stages move. A project named <c>*.Tests</c> is not listed, because it may use anything but
/// other tests.
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
        // A package, so it uses nothing that a trader would not want.
        ["Foresight.Client"] = ["Foresight.Protocol", "Foresight.Chain"],
        ["Foresight.Simulator"] =
        [
            "Foresight.Matching.Engine",
            "Foresight.Protocol",
            "Foresight.Chain",
            "Foresight.Client",
            "Foresight.ServiceDefaults",
        ],
        // Allowed although they are hosts, because it starts them as resources and calls none of their code.
        ["Foresight.AppHost"] = ["Foresight.Matching", "Foresight.Api", "Foresight.Console", "Foresight.Simulator"],

        ["Foresight.Testing"] = ["Foresight.AppHost", "Foresight.Matching"],
        ["Foresight.Simulation"] = ["Foresight.Api", "Foresight.Matching"],
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
    /// The stages of the order flow exchange the commands, orders and markets of <c>Orders</c>; <c>Loop</c> runs them, and is used by what
    /// faces the other nodes. <c>Program.cs</c>, beside the folders, uses them all, so it is not listed.
    /// </summary>
    public static readonly IReadOnlyDictionary<string, string[]> Stages = new Dictionary<string, string[]>
    {
        ["Schema"] = [],
        ["Sharding"] = ["Leadership"],
        ["Leadership"] = [],
        ["Orders"] = [],
        ["Journal"] = ["Leadership", "Orders", "Sharding"],
        ["Sequencing"] = ["Journal", "Orders"],
        ["Publishing"] = ["Journal", "Leadership", "Orders"],
        ["Recovery"] = ["Journal", "Leadership", "Orders", "Sequencing"],
        ["Loop"] = ["Journal", "Leadership", "Orders", "Publishing", "Recovery", "Sequencing", "Sharding"],
        ["Gateway"] = ["ChainReading", "Loop", "Orders"],
        ["ChainReading"] = [],
        ["Settlement"] = ["ChainReading", "Leadership"],
        ["ChainFollowing"] = ["ChainReading", "Leadership", "Orders", "Settlement"],
        ["SettlementTerm"] = ["ChainReading", "ChainFollowing", "Leadership", "Settlement", "Sharding"],
        ["Reconciliation"] = ["ChainReading", "ChainFollowing", "Leadership", "Settlement"],
        ["Invariants"] = ["Orders", "Sequencing"],
        ["Setup"] = ["ChainReading", "Schema", "Settlement", "Sharding"],
    };
}
