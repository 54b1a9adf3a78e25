using Foresight.Matching.Orders;

namespace Foresight.Matching.Sequencing;

/// <summary>
/// A command made the engine, or what records its events, throw: a defect of ours. From here on the matching state is worth nothing;
/// nothing of its batch was sent to Postgres.
/// </summary>
/// <param name="now">The database's clock when the batch was matched.</param>
internal sealed class CommandFailedException(QueuedCommand request, DateTime now, Exception cause)
    : Exception($"{request.Command.Kind} {request.Command.RequestId} could not be applied: {cause.Message}", cause)
{
    public QueuedCommand Request => request;

    public DateTime Now => now;
}
