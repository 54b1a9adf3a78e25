using System.Numerics;

namespace Foresight.Chain.Rpc;

/// <summary>
/// All requests of one call go to the same endpoint, so that they see one state of the chain. If it fails or is overloaded, the next is
/// asked. A refusal (a revert, a rejected transaction) is an answer and is returned.
/// </summary>
/// <remarks>Sending a transaction to a second endpoint is harmless, because the same bytes have the same hash.</remarks>
public sealed class FailoverClient : NodeClient
{
    public const int MaxEndpoints = 8;

    /// <summary>Short enough that the next endpoint's answer still arrives within 5 s.</summary>
    public static readonly TimeSpan PatienceWithAnother = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan PatienceAlone = TimeSpan.FromSeconds(10);

    /// <summary>For one round of checks, so that a hanging endpoint does not delay the next round.</summary>
    private static readonly TimeSpan CheckBound = TimeSpan.FromSeconds(2);

    private readonly BigInteger _chainId;
    private readonly (string Name, NodeClient Transport)[] _endpoints;
    private readonly EndpointHealth[] _health;
    private readonly Lock _lock = new();
    private readonly TimeProvider _clock;
    private readonly long _started;
    private int _answeredLast;

    /// <param name="endpoints">
    /// In order of preference. Names appear in logs and on status pages, so they must not contain credentials.
    /// </param>
    public FailoverClient(BigInteger chainId, IReadOnlyList<(string Name, NodeClient Transport)> endpoints, TimeProvider? clock = null)
    {
        if (endpoints.Count is 0 or > MaxEndpoints)
            throw new ArgumentException($"1 to {MaxEndpoints} endpoints are needed.", nameof(endpoints));
        _chainId = chainId;
        _endpoints = [.. endpoints];
        _health = [.. endpoints.Select(e => new EndpointHealth(e.Name))];
        _clock = clock ?? TimeProvider.System;
        _started = _clock.GetTimestamp();
    }

    /// <summary>
    /// Named rpc-1, rpc-2 and so on in the given order, because a URL may contain a provider's key, while health and metrics are public.
    /// </summary>
    /// <param name="patience">Timeout of one request; null is 10 s for a single endpoint and 3 s for several.</param>
    public static FailoverClient OfEndpoints(HttpClient http, BigInteger chainId, IReadOnlyList<Uri> endpoints, TimeSpan? patience = null)
    {
        var bound = patience ?? (endpoints.Count > 1 ? PatienceWithAnother : PatienceAlone);
        return new(chainId, [.. endpoints.Select((e, i) => ($"rpc-{i + 1}", (NodeClient)new HttpNodeClient(http, e, bound)))]);
    }

    public IReadOnlyList<EndpointHealth> Health
    {
        get
        {
            lock (_lock)
                return [.. _health];
        }
    }

    public IReadOnlyList<EndpointState> States
    {
        get
        {
            var (health, now) = (Health, Now);
            var best = EndpointRules.BestHead(health);
            return
            [
                .. health.Select(h => new EndpointState(
                    h.Name,
                    EndpointRules.IsWell(h, best, now),
                    h.Head,
                    h.Head is { } head ? Math.Max(0, best - head) : null,
                    h.LastError
                )),
            ];
        }
    }

    /// <summary>With the one that answered last, because other callers may have moved on to another since.</summary>
    public override IReadOnlyList<NodeClient> WellEndpoints
    {
        get
        {
            var states = States;
            return [.. _endpoints.Where((_, index) => states[index].IsWell).Select(e => e.Transport)];
        }
    }

    private TimeSpan Now => _clock.GetElapsedTime(_started);

    public override async Task<IReadOnlyList<RpcReply>> SendAsync(IReadOnlyList<RpcRequest> requests, CancellationToken cancellationToken)
    {
        RpcUnavailableException? last = null;
        IReadOnlyList<RpcReply>? troubled = null;
        foreach (var index in EndpointRules.Order(Health, Now))
        {
            try
            {
                var replies = await _endpoints[index].Transport.SendAsync(requests, cancellationToken);
                if (replies.FirstOrDefault(r => r.Error is { IsNodeTrouble: true }).Error is { } trouble)
                {
                    Update(index, health => EndpointRules.AfterFailure(health, trouble.Message));
                    troubled = replies;
                    continue;
                }

                Update(index, EndpointRules.AfterSuccess);
                Volatile.Write(ref _answeredLast, index);
                return replies;
            }
            catch (RpcUnavailableException e)
            {
                Update(index, health => EndpointRules.AfterFailure(health, e.Message, e.IsSilence));
                last = e;
            }
        }

        // A node's own error is more specific than the lack of an answer.
        return troubled ?? throw last ?? new RpcUnavailableException(requests[0].Method, $"no endpoint is on chain {_chainId}");
    }

    /// <summary>Demotes the endpoint that answered last, because an answer is found to be false right after it was given.</summary>
    public override void Distrust(string reason) =>
        Update(
            Volatile.Read(ref _answeredLast),
            health => health with { DistrustedUntil = Now + EndpointRules.DistrustFor, LastError = reason }
        );

    /// <summary>Meant to run every second: between calls only this detects an endpoint that lags or has recovered.</summary>
    public Task CheckAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(Enumerable.Range(0, _endpoints.Length).Select(i => CheckAsync(i, cancellationToken)));

    private async Task CheckAsync(int index, CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(CheckBound);
        try
        {
            var client = new EthereumClient(_endpoints[index].Transport);
            var chainId = await client.ChainIdAsync(bound.Token);
            var head = await client.BlockNumberAsync(bound.Token);
            Update(
                index,
                health =>
                    health with
                    {
                        Head = head,
                        Failures = 0,
                        IsOnOtherChain = chainId != _chainId,
                        LastError = chainId != _chainId ? $"it is on chain {chainId}, not {_chainId}" : health.LastError,
                    }
            );
        }
        catch (RpcException e)
        {
            Update(index, health => EndpointRules.AfterFailure(health, e.Message, e is RpcUnavailableException { IsSilence: true }));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            Update(index, health => EndpointRules.AfterFailure(health, $"no answer within {CheckBound.TotalSeconds:0} s", isSilence: true));
        }
    }

    private void Update(int index, Func<EndpointHealth, EndpointHealth> change)
    {
        lock (_lock)
            _health[index] = change(_health[index]);
    }
}
