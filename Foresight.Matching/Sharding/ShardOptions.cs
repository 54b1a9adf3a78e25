using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;

namespace Foresight.Matching.Sharding;

/// <summary>How many shards this process takes the cluster to have.</summary>
/// <param name="Count"><c>SHARDS</c>, 1: the same for the set-up and every matching node.</param>
public sealed record ShardOptions(int Count = 1)
{
    public static ShardOptions From(IConfiguration configuration) => new(configuration.Integer("SHARDS", 1, 1, Shards.Maximum));

    /// <exception cref="SettingException">They differ: orders would go where nobody leads, or two engines would own one market.</exception>
    public void Require(int fixedCount)
    {
        if (Count != fixedCount)
            throw new SettingException(
                $"SHARDS is {Count}, but this database was set up with {fixedCount}: the number of shards is fixed by the first set-up."
            );
    }
}
