using Foresight.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace Foresight.ServiceDefaults.Tests.Redis;

public sealed class RedisAnswersTests
{
    [Fact]
    public async Task AnAnswer_ComesThrough() => Assert.Equal(7, await Answered(Task.FromResult(7)));

    [Fact]
    public async Task NoAnswer_IsATimeout() =>
        await Assert.ThrowsAsync<TimeoutException>(() => Answered(new TaskCompletionSource<int>().Task, TimeSpan.FromMilliseconds(1)));

    [Fact]
    public async Task AFaultOfRedis_StaysWhatItIs() =>
        await Assert.ThrowsAsync<RedisServerException>(() => Answered(Task.FromException<int>(new RedisServerException("ERR"))));

    /// <summary>
    /// A client that abandons a connection cancels the commands that wait on it; for their callers that is a lost connection, not a
    /// cancellation.
    /// </summary>
    [Fact]
    public async Task ACommandThatTheClientGaveUp_IsALostConnection()
    {
        await Assert.ThrowsAsync<RedisConnectionException>(() => Answered(Task.FromCanceled<int>(new CancellationToken(canceled: true))));
        await Assert.ThrowsAsync<RedisConnectionException>(() => Answered(Task.FromException<int>(new ObjectDisposedException("reader"))));
    }

    [Fact]
    public async Task TheCallersCancellation_IsOne() =>
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            new TaskCompletionSource<int>().Task.AnsweredAsync(
                TimeSpan.FromMinutes(1),
                TimeProvider.System,
                new CancellationToken(canceled: true)
            )
        );

    private static Task<int> Answered(Task<int> command, TimeSpan? within = null) =>
        command.AnsweredAsync(within ?? TimeSpan.FromMinutes(1), TimeProvider.System);
}
