using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;
using Foresight.Protocol;
using Polly;
using Polly.Timeout;

namespace Foresight.Client;

/// <summary>
/// An order whose answer was lost is never signed again, because it could then trade twice: the client reads it by its id, then sends the
/// same bytes under the same Idempotency-Key, which the exchange applies at most once.
/// </summary>
public sealed class ForesightClient(HttpClient http, ApiNodes nodes, TimeProvider clock, Action<ApiFault>? onFault = null)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(2);

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>Returns only once the order's fate is known, however long that takes, so the caller needs a token that ends it.</summary>
    public async Task<PlaceOutcome> PlaceAsync(SignedPlacement placement, CancellationToken stop)
    {
        var inDoubt = false;
        for (var attempt = 0; ; attempt++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(nodes.Next(), "orders"));
            request.Content = JsonContent.Create(placement.Request, options: Json);
            request.Headers.Add("Idempotency-Key", placement.OrderId);
            var answer = await SendAsync<PlaceOrderResponse>(request, stop).ConfigureAwait(false);
            switch (answer.Kind)
            {
                case AnswerKind.Done:
                    var done = answer.Body!;
                    return new PlaceOutcome.Acknowledged(done.OrderId, done.Status, done.FilledAmount, done.Epoch, done.Sequence, inDoubt);
                case AnswerKind.Refused when !(inDoubt && answer.Code == ProblemCodes.DuplicateOrder):
                    return new PlaceOutcome.Rejected(placement.OrderId, answer.Status, answer.Code!, answer.Detail, inDoubt);
                case AnswerKind.Refused or AnswerKind.Unknown:
                    inDoubt = true;
                    if (await FindAsync(placement.OrderId, stop).ConfigureAwait(false) is { } found)
                        return OutcomeOf(found);
                    break;
                default:
                    break;
            }

            await PauseAsync(answer, attempt, stop).ConfigureAwait(false);
        }
    }

    /// <summary>Null if the salt had no order and the cancel is not remembered either.</summary>
    public async Task<CancelOrderResponse?> CancelAsync(CancelOrderRequest cancel, CancellationToken stop)
    {
        for (var attempt = 0; ; attempt++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(nodes.Next(), "orders/cancel"));
            request.Content = JsonContent.Create(cancel, options: Json);
            var answer = await SendAsync<CancelOrderResponse>(request, stop).ConfigureAwait(false);
            if (answer.Kind == AnswerKind.Done)
                return answer.Body;
            if (answer.Kind == AnswerKind.Refused && answer.Code is ProblemCodes.UnknownOrder or ProblemCodes.CancelOnChain)
                return null;
            if (answer.Kind == AnswerKind.Refused)
                throw new ApiRefusedException(answer.Status, answer.Code!, answer.Detail);
            await PauseAsync(answer, attempt, stop).ConfigureAwait(false);
        }
    }

    /// <summary>Returns once it is durable. The co-signature follows: <see cref="WithdrawalAsync"/>.</summary>
    /// <exception cref="ApiRefusedException">Nothing is withdrawn.</exception>
    public async Task RequestWithdrawalAsync(WithdrawalRequest withdrawal, CancellationToken stop)
    {
        for (var attempt = 0; ; attempt++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(nodes.Next(), "withdrawals"));
            request.Content = JsonContent.Create(withdrawal, options: Json);
            var answer = await SendAsync<WithdrawalView>(request, stop).ConfigureAwait(false);
            if (answer.Kind == AnswerKind.Done)
                return;
            if (answer.Kind == AnswerKind.Refused && (attempt == 0 || answer.Code != ProblemCodes.DuplicateOrder))
                throw new ApiRefusedException(answer.Status, answer.Code!, answer.Detail);
            // One whose answer was lost has its nonce: it is found, or was never taken.
            var nonce = ulong.Parse(withdrawal.Nonce, CultureInfo.InvariantCulture);
            if (answer.Kind != AnswerKind.Busy && await WithdrawalAsync(withdrawal.Account, nonce, stop).ConfigureAwait(false) is not null)
                return;
            await PauseAsync(answer, attempt, stop).ConfigureAwait(false);
        }
    }

    public Task<WithdrawalView?> WithdrawalAsync(string account, ulong nonce, CancellationToken stop) =>
        GetAsync<WithdrawalView>(string.Create(CultureInfo.InvariantCulture, $"withdrawals/{account}/{nonce}"), stop);

    public Task<OrderView?> FindAsync(string orderId, CancellationToken stop) => GetAsync<OrderView>($"orders/{orderId}", stop);

    public Task<AccountView?> AccountAsync(string address, CancellationToken stop) => GetAsync<AccountView>($"accounts/{address}", stop);

    /// <summary>Null for 404 only: an outage is waited out, so it never looks like something that does not exist.</summary>
    public async Task<T?> GetAsync<T>(string path, CancellationToken stop)
        where T : class
    {
        for (var attempt = 0; ; attempt++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(nodes.Next(), path));
            var answer = await SendAsync<T>(request, stop).ConfigureAwait(false);
            if (answer.Kind == AnswerKind.Done)
                return answer.Body;
            if (answer.Kind == AnswerKind.Refused && answer.Status == (int)HttpStatusCode.NotFound)
                return null;
            if (answer.Kind == AnswerKind.Refused)
                throw new ApiRefusedException(answer.Status, answer.Code!, answer.Detail);
            await PauseAsync(answer, attempt, stop).ConfigureAwait(false);
        }
    }

    /// <summary>An order that the book refused is found too, because its hash stays used.</summary>
    private static PlaceOutcome OutcomeOf(OrderView found) =>
        found.Status == OrderStages.Rejected
            ? new PlaceOutcome.Rejected(
                found.OrderId,
                (int)HttpStatusCode.UnprocessableEntity,
                found.Reason ?? OrderStages.Rejected,
                Detail: null,
                WasInDoubt: true
            )
            : new PlaceOutcome.Acknowledged(found.OrderId, found.Status, found.FilledAmount, found.Epoch, found.Sequence, true);

    private async Task<ApiAnswer<T>> SendAsync<T>(HttpRequestMessage request, CancellationToken stop)
        where T : class
    {
        try
        {
            using var response = await http.SendAsync(request, stop).ConfigureAwait(false);
            var answer = await ApiAnswer<T>.ReadAsync(response, Json, clock, stop).ConfigureAwait(false);
            if (answer.Kind is AnswerKind.Busy or AnswerKind.Unknown)
                onFault?.Invoke(new ApiFault(answer.Code ?? $"http_{answer.Status}", answer.Kind == AnswerKind.Unknown));
            return answer;
        }
        catch (ExecutionRejectedException e) when (e is not TimeoutRejectedException)
        {
            // The circuit is open, so the request was not sent.
            onFault?.Invoke(new ApiFault("circuit_open", InDoubt: false));
            return new ApiAnswer<T>(AnswerKind.Busy, 0, null, null, e.Message, null);
        }
        catch (Exception e) when (!stop.IsCancellationRequested && IsTransport(e))
        {
            // The request may have arrived although its answer did not.
            onFault?.Invoke(new ApiFault("transport", InDoubt: true));
            return new ApiAnswer<T>(AnswerKind.Unknown, 0, null, null, e.Message, null);
        }
    }

    // A success whose body cannot be read counts too, because it may be a proxy's, or have broken off.
    private static bool IsTransport(Exception e) =>
        e is HttpRequestException or IOException or OperationCanceledException or TimeoutRejectedException or JsonException;

    private Task PauseAsync<T>(ApiAnswer<T> answer, int attempt, CancellationToken stop)
        where T : class
    {
        var backOff = FirstPause * Math.Pow(2, Math.Min(attempt, 10));
        var pause = answer.RetryAfter ?? (backOff < MaxPause ? backOff : MaxPause);
        // A Retry-After of 0 is not obeyed, because it would make this loop a flood.
        return Task.Delay(pause > FirstPause ? pause : FirstPause, clock, stop);
    }
}

public readonly record struct ApiFault(string Code, bool InDoubt);

/// <summary>This client considered the request valid, so one of the two has a defect.</summary>
public sealed class ApiRefusedException(int status, string code, string? detail) : Exception($"{status} {code}: {detail}")
{
    public string Code { get; } = code;
}
