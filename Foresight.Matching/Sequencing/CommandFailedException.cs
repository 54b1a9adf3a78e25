using Foresight.Matching.Orders;

namespace Foresight.Matching.Sequencing;

/// <summary>
/// A defect of the program: the engine, or the collection of its events, threw. The matching state is unusable from here on, but nothing of
/// the batch was sent to Postgres.
/// </summary>
/// <param name="now">The database's clock when the batch was matched.</param>
internal sealed class CommandFailedException(QueuedCommand request, DateTime now, Exception cause)
    : Exception($"{request.Command.Kind} {request.Command.RequestId} could not be applied: {cause.Message}", cause)
{
    public QueuedCommand Request => request;

    public DateTime Now => now;
}
