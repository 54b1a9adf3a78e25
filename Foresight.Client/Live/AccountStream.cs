using System.Globalization;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Protocol;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;

namespace Foresight.Client.Live;

/// <summary>
/// Orders and withdrawals of one account as they change, from the hub of any Api node (docs/market-data.md). A message may be lost, and
/// then <see cref="Missed"/> is called: read what the Api has.
/// </summary>
/// <remarks>Handlers run one after another, on the connection's thread.</remarks>
public sealed class AccountStream : IDisposable
{
    /// <summary>A node that has just started refuses a subscription for a moment.</summary>
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(250);

    private static readonly string[] Topics = [HubEvents.Orders, HubEvents.Withdrawals];

    private readonly HubConnection _hub;
    private readonly PrivateKey _key;
    private readonly TimeProvider _clock;
    private readonly List<IDisposable> _handlers;

    /// <param name="hub">To <c>/hubs/market</c>. With <c>WithAutomaticReconnect</c> the account is followed again after each.</param>
    /// <param name="key">The account's own, because a connection gets what it proves to own.</param>
    public AccountStream(HubConnection hub, PrivateKey key, TimeProvider? clock = null)
    {
        (_hub, _key, _clock) = (hub, key, clock ?? TimeProvider.System);
        _handlers =
        [
            hub.On<OrdersMessage>(HubEvents.Orders, message => Orders?.Invoke(message)),
            hub.On<WithdrawalsMessage>(HubEvents.Withdrawals, message => Withdrawals?.Invoke(message)),
            hub.On<ContinuityMessage>(HubEvents.Continuity, OnContinuity),
        ];
        hub.Reconnected += OnReconnectedAsync;
    }

    public Action<OrdersMessage>? Orders { get; init; }

    /// <summary>Each change of a withdrawal's state, at most once.</summary>
    public Action<WithdrawalsMessage>? Withdrawals { get; init; }

    /// <summary>
    /// "orders" (read <c>GET /orders?maker=</c>) or "withdrawals" (read <c>GET /withdrawals/{address}</c>): messages of it were lost, or
    /// may have been while the connection was.
    /// </summary>
    public Action<string>? Missed { get; init; }

    /// <summary>Call when the connection has started.</summary>
    /// <exception cref="HubException">The node refuses it; the text has the code.</exception>
    public async Task FollowAsync(CancellationToken stop = default)
    {
        while (true)
        {
            var account = _key.Address.ToLowerHex();
            var issuedAt = _clock.GetUtcNow().ToUnixTimeSeconds();
            var proof = string.Create(CultureInfo.InvariantCulture, $"Foresight orders\n{account}\n{issuedAt}");
            try
            {
                await _hub.InvokeAsync("SubscribeOrders", account, issuedAt, Hex.Encode(PersonalMessage.Sign(proof, _key)), stop);
                return;
            }
            catch (HubException refusal) when (refusal.Message.Contains($"{ProblemCodes.Unavailable}:", StringComparison.Ordinal))
            {
                await Task.Delay(RetryPause, _clock, stop);
            }
        }
    }

    public void Dispose()
    {
        _hub.Reconnected -= OnReconnectedAsync;
        foreach (var handler in _handlers)
            handler.Dispose();
    }

    private void OnContinuity(ContinuityMessage message)
    {
        if (message.State == ContinuityStates.Restored && Topics.Contains(message.Topic))
            Missed?.Invoke(message.Topic);
    }

    private async Task OnReconnectedAsync(string? connection)
    {
        // Another node may be on the other side, which knows nothing of this one.
        await FollowAsync();
        foreach (var topic in Topics)
            Missed?.Invoke(topic);
    }
}
