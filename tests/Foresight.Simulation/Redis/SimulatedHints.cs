using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Trust;
using Foresight.Simulation.Processes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foresight.Simulation.Redis;

internal static class SimulatedHints
{
    private static readonly HintMetrics Metrics = new(new Meters());

    /// <summary>Returns the production's own signatures, with the keys and the database's clock of this world.</summary>
    public static SignedHints Of(World world, NodeIdentity identity) =>
        new(world.Keys.For(SignedHints.Purpose), identity, new DatabaseTime(world), Metrics, NullLogger<SignedHints>.Instance);
}

internal sealed class TrueTime(World world) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => world.Postgres.TrueNow;
}

internal sealed class DatabaseTime(World world) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => world.Postgres.Now;
}
