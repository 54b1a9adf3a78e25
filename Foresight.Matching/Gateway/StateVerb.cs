using System.Text.Json;
using Foresight.Cluster;
using Foresight.Cluster.Proof;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Trust;

namespace Foresight.Matching.Gateway;

/// <c>state GATEWAY [--shard SHARD]</c>: prints the state hash of the live engine that leads a shard (default 0) at this gateway, as one
/// JSON object, to be compared with <c>replay</c>. Proves itself by <c>CLUSTER_SECRET</c>, as a node does.
internal static class StateVerb
{
    public static async Task<int> RunAsync(string[] arguments)
    {
        var (gateway, shard) = Read(arguments);
        var keys = ClusterKeys.From(new ConfigurationBuilder().AddEnvironmentVariables().Build());
        using var client = new GatewayClient(
            new NodeProof(keys, $"state-{Environment.ProcessId}", NodeKinds.Matching),
            TimeProvider.System
        );
        if (await client.StateAsync(gateway, shard, CancellationToken.None) is not { } state)
        {
            await Console.Error.WriteLineAsync($"{gateway} does not lead shard {shard}, does not answer, or is of another cluster.");
            return 1;
        }

        Console.WriteLine(JsonSerializer.Serialize(state, JsonSerializerOptions.Web));
        return 0;
    }

    private static (string Gateway, int Shard) Read(string[] arguments) =>
        arguments switch
        {
            [var gateway] when GatewayAddress.IsValid(gateway) => (gateway, 0),
            [var gateway, "--shard", var name]
                when GatewayAddress.IsValid(gateway) && int.TryParse(name, out var shard) && shard is >= 0 and < Shards.Maximum => (
                gateway,
                shard
            ),
            _ => throw new SettingException(
                $"state takes https://HOST:PORT of a gateway and, optionally, --shard SHARD (0 to {Shards.Maximum - 1})."
            ),
        };
}
