using System.Numerics;

namespace Foresight.Chain.Rpc;

/// <summary>
/// Several endpoints of one chain as one. All requests of one call go to one endpoint, so that they see one state of the chain; where it
/// does not answer, the next is asked. A node's refusal (a revert, a transaction it does not take) is an answer and ends the search.
/// </summary>
/// <remarks>Sending a transaction to a second endpoint is harmless: the bytes are the same, and so is the hash.</remarks>
public sealed class FailoverRpcTransport : IRpcTransport
{
    private readonly BigInteger _chainId;
    private readonly (string Name, IRpcTransport Transport)[] _endpoints;
    private readonly EndpointHealth[] _health;
    private readonly Lock _lock = new();

    /// <param name="endpoints">In the order of preference. Names go into logs and status pages: leave credentials out of them.</param>
    public FailoverRpcTransport(BigInteger chainId, IReadOnlyList<(string Name, IRpcTransport Transport)> endpoints)
    {
        if (endpoints.Count == 0) throw new ArgumentException("At least one endpoint is needed.", nameof(endpoints));
        _chainId = chainId;
        _endpoints = [.. endpoints];
        _health = [.. endpoints.Select(e => new EndpointHealth(e.Name))];
    }

    public IReadOnlyList<EndpointHealth> Health
    {
        get
        {
            lock (_lock) return [.. _health];
        }
    }

    public async Task<IReadOnlyList<RpcReply>> SendAsync(IReadOnlyList<RpcRequest> requests, CancellationToken cancel)
    {
        RpcUnavailableException? last = null;
        foreach (var index in EndpointRules.Order(Health))
        {
            try
            {
                var replies = await _endpoints[index].Transport.SendAsync(requests, cancel);
                Update(index, EndpointRules.AfterSuccess);
                return replies;
            }
            catch (RpcUnavailableException e)
            {
                Update(index, health => EndpointRules.AfterFailure(health, e.Message));
                last = e;
            }
        }

        throw last ?? new RpcUnavailableException(requests[0].Method, $"no endpoint is on chain {_chainId}");
    }

    /// <summary>
    /// One round of asking every endpoint for its chain and its newest block, at once. Call it every few seconds: it finds endpoints that lag,
    /// and those that are back.
    /// </summary>
    public Task CheckAsync(CancellationToken cancel) => Task.WhenAll(Enumerable.Range(0, _endpoints.Length).Select(i => CheckAsync(i, cancel)));

    private async Task CheckAsync(int index, CancellationToken cancel)
    {
        try
        {
            var client = new EthereumClient(_endpoints[index].Transport);
            var chainId = await client.ChainIdAsync(cancel);
            var head = await client.BlockNumberAsync(cancel);
            Update(index, health => health with
            {
                Head = head,
                Failures = 0,
                IsOnOtherChain = chainId != _chainId,
                LastError = chainId != _chainId ? $"it is on chain {chainId}, not {_chainId}" : health.LastError,
            });
        }
        catch (RpcException e)
        {
            Update(index, health => EndpointRules.AfterFailure(health, e.Message));
        }
    }

    private void Update(int index, Func<EndpointHealth, EndpointHealth> change)
    {
        lock (_lock) _health[index] = change(_health[index]);
    }
}
