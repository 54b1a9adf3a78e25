using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;

namespace Foresight.Matching.Sharding;

/// <param name="Count">
/// <c>SHARDS</c>. Must be the same for the set-up and for every matching node, or commands would go to shards without a leader.
/// </param>
public sealed record ShardOptions(int Count = 1)
{
    public static ShardOptions From(IConfiguration configuration) => new(configuration.Integer("SHARDS", 1, 1, Shards.Maximum));

    /// <exception cref="SettingException">
    /// The numbers differ: commands would go to shards without a leader, or two engines would own one market.
    /// </exception>
    public void Require(int fixedCount)
    {
        if (Count != fixedCount)
            throw new SettingException(
                $"SHARDS is {Count}, but the database was set up with {fixedCount}. The first set-up fixes the number: set "
                    + $"SHARDS={fixedCount}."
            );
    }
}
