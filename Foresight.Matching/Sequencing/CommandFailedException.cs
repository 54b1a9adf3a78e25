using Foresight.Matching.Orders;

namespace Foresight.Matching.Sequencing;

/// <summary>
/// A command made the engine, or the collection of its events, throw: a defect of the program. The matching state is unusable from here on;
/// nothing of the batch was sent to Postgres.
/// </summary>
/// <param name="now">The database's clock when the batch was matched.</param>
internal sealed class CommandFailedException(QueuedCommand request, DateTime now, Exception cause)
    : Exception($"{request.Command.Kind} {request.Command.RequestId} could not be applied: {cause.Message}", cause)
{
    public QueuedCommand Request => request;

    public DateTime Now => now;
}
