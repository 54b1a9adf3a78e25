using System.Text.Json;
using Aspire.Hosting.ApplicationModel;

namespace Foresight.AppHost.Drill;

internal sealed record Leader(string NodeId, long Epoch, string State);

internal sealed record Node(string NodeId, int ProcessId, string State);

internal sealed class ClusterView(IReadOnlyList<EndpointReference> apis)
{
    private const string Matching = "matching-engine";

    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(2) };
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    public async Task<Leader?> LeaderAsync(CancellationToken cancellationToken) =>
        await GetAsync("cluster/leader", cancellationToken) is { ValueKind: JsonValueKind.Object } leader
        && leader.TryGetProperty("nodeId", out var node)
            ? new Leader(node.GetString()!, leader.GetProperty("epoch").GetInt64(), leader.GetProperty("state").GetString()!)
            : null;

    public async Task<Node?> NodeAsync(string nodeId, CancellationToken cancellationToken)
    {
        if (await GetAsync("cluster/nodes", cancellationToken) is not { ValueKind: JsonValueKind.Array } nodes)
            return null;
        foreach (var node in nodes.EnumerateArray())
            if (node.GetProperty("nodeId").GetString() == nodeId)
                return new Node(nodeId, node.GetProperty("processId").GetInt32(), node.GetProperty("state").GetString()!);
        return null;
    }

    public async Task<IReadOnlyDictionary<string, double>> PhasesAsync(long epoch, CancellationToken cancellationToken)
    {
        if (await GetAsync("cluster/status", cancellationToken) is not { ValueKind: JsonValueKind.Object } status)
            return new Dictionary<string, double>();
        foreach (var failover in status.GetProperty("failovers").EnumerateArray())
            if (failover.GetProperty("resource").GetString() == Matching && failover.GetProperty("epoch").GetInt64() == epoch)
                return failover.GetProperty("phases").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetDouble());
        return new Dictionary<string, double>();
    }

    public static async Task<T?> UntilAsync<T>(TimeSpan bound, Func<Task<T?>> look, CancellationToken cancellationToken)
        where T : class
    {
        using var timer = new PeriodicTimer(Look);
        var started = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(started) < bound)
        {
            if (await look() is { } found)
                return found;
            await timer.WaitForNextTickAsync(cancellationToken);
        }

        return null;
    }

    private async Task<JsonElement?> GetAsync(string path, CancellationToken cancellationToken)
    {
        foreach (var api in apis)
        {
            try
            {
                using var response = await Http.GetAsync($"{api.Url}/{path}", cancellationToken);
                if (!response.IsSuccessStatusCode)
                    continue;
                using var body = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken));
                return body.RootElement.Clone();
            }
            catch (Exception e)
                when (e is HttpRequestException or JsonException or OperationCanceledException && !cancellationToken.IsCancellationRequested
                )
            {
                // Expected, because a drill causes outages: another node may answer, or this one soon.
            }
        }

        return null;
    }
}
