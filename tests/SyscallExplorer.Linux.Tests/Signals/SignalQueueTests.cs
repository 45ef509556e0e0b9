namespace SyscallExplorer.Linux.Tests;

/// <summary>Signals that wait. man 7 signal, "Queueing and delivery semantics".</summary>
public sealed class SignalQueueTests
{
    private static SignalInfo From(int signal, int process) => SignalInfo.FromProcess(signal, process, 0);

    private static SignalQueue Of(params SignalInfo[] signals) => signals.Aggregate(SignalQueue.Empty, (queue, info) => queue.Add(info).Queue);

    private static List<int> Order(SignalQueue queue, ulong blocked = 0)
    {
        var order = new List<int>();
        while (queue.Take(blocked) is (var rest, { } taken))
        {
            order.Add(taken.Signal);
            queue = rest;
        }

        return order;
    }

    [Fact]
    public void A_standard_signal_waits_once_and_the_first_sender_is_told()
    {
        SignalQueue queue = Of(From(10, 1), From(10, 2));
        Assert.Single(queue.Entries);
        (queue, SignalInfo? taken) = queue.Take(0);
        Assert.Equal(1, taken!.Process);
        Assert.Equal(0ul, queue.Pending);
        Assert.Null(queue.Take(0).Taken);
    }

    [Fact]
    public void Real_time_signals_wait_in_the_order_in_which_they_were_sent()
    {
        SignalQueue queue = Of(From(40, 1), From(40, 2), From(40, 3));
        for (int process = 1; process <= 3; process++)
        {
            Assert.True(queue.Pending.Has(40));
            (queue, SignalInfo? taken) = queue.Take(0);
            Assert.Equal(process, taken!.Process);
        }

        Assert.Equal(0ul, queue.Pending);
    }

    [Fact]
    public void Faults_come_first_and_then_the_lowest_number() =>
        Assert.Equal([4, 11, 31, 1, 10, 34, 64], Order(Of(From(64, 1), From(10, 1), From(31, 1), From(1, 1), From(34, 1), From(11, 1), From(4, 1))));

    [Fact]
    public void A_blocked_signal_is_passed_over()
    {
        SignalQueue queue = Of(From(10, 1), From(12, 1));
        Assert.Equal([12], Order(queue, SignalSets.Of(10)));
        Assert.Equal(12, queue.Next(SignalSets.Of(10)));
        Assert.Equal(0, queue.Next(SignalSets.Of(10, 12)));
    }

    [Fact]
    public void A_fault_of_the_thread_goes_before_a_fault_signal_that_somebody_sent()
    {
        SignalQueue queue = Of(From(4, 1), SignalInfo.FromFault(11, SignalCodes.NotMapped, 0x1234));
        (SignalQueue rest, SignalInfo? taken) = queue.TakeFault(0);
        Assert.Equal(0x1234ul, taken!.Address);
        Assert.Equal([4], Order(rest));
        Assert.Null(rest.TakeFault(0).Taken);
        Assert.Null(queue.TakeFault(SignalSets.Of(11)).Taken);
    }

    [Fact]
    public void At_the_limit_a_real_time_signal_with_a_value_is_refused_and_others_come_without_what_is_known()
    {
        Assert.Equal((SignalQueue.Empty, -Errno.EAGAIN), SignalQueue.Empty.Add(SignalInfo.Queued(40, 1, 0, 5), isFull: true));
        Assert.Equal(-Errno.EAGAIN, SignalQueue.Empty.Add(SignalInfo.FromProcess(40, 1, 0, SignalCodes.ThreadKill), isFull: true).Result);

        (SignalQueue queue, int result) = SignalQueue.Empty.Add(From(40, 1), isFull: true);
        Assert.Equal(0, result);
        Assert.Equal(SignalInfo.Forgotten(40), queue.Take(0).Taken);

        (queue, result) = SignalQueue.Empty.Add(SignalInfo.Queued(10, 1, 0, 5), isFull: true);
        Assert.Equal(0, result);
        Assert.Equal(SignalInfo.Forgotten(10), queue.Take(0).Taken);

        (queue, _) = SignalQueue.Empty.Add(From(10, 7), isFull: true);
        Assert.Equal(7, queue.Take(0).Taken!.Process);
    }

    [Fact]
    public void Kill_needs_no_room()
    {
        SignalQueue queue = Of(From(9, 1));
        Assert.Empty(queue.Entries);
        Assert.Equal(9, queue.Next(0));
    }

    [Fact]
    public void Continuing_removes_stops_and_a_stop_removes_continuing()
    {
        SignalQueue queue = Of(From(19, 1), From(20, 1), From(21, 1), From(22, 1), From(10, 1));
        Assert.Equal(SignalSets.Of(10), queue.PreparedFor(18).Pending);
        Assert.Single(queue.PreparedFor(18).Entries);
        queue = Of(From(18, 1), From(10, 1));
        foreach (int stop in (int[])[19, 20, 21, 22])
            Assert.Equal(SignalSets.Of(10), queue.PreparedFor(stop).Pending);
        Assert.Same(queue, queue.PreparedFor(12));
    }

    [Fact]
    public void A_timer_that_runs_out_again_counts_an_overrun()
    {
        SignalQueue queue = SignalQueue.Empty.AddTimer(SignalInfo.FromTimer(14, 1, 0, 5)).AddTimer(SignalInfo.FromTimer(14, 2, 0, 6))
            .AddTimer(SignalInfo.FromTimer(14, 1, 0, 5));
        Assert.Equal([(1, 1, 5ul), (2, 0, 6ul)], queue.Entries.Select(entry => (entry.TimerId, entry.Overrun, entry.Value)));
        queue = queue.Take(0).Queue;
        Assert.True(queue.Pending.Has(14));
        Assert.Equal(0ul, queue.Take(0).Queue.Pending);
    }

    [Fact]
    public void Signals_that_are_taken_out_leave_nothing()
    {
        SignalQueue queue = Of(From(40, 1), From(40, 2), From(10, 1)).Without(SignalSets.Of(40));
        Assert.Equal([10], Order(queue));
    }
}
