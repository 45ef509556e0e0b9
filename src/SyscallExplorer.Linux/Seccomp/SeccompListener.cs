using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>How far a call has come that a filter has left to somebody else.</summary>
internal enum NotificationStage
{
    /// <summary>Nobody has received it yet.</summary>
    New,

    /// <summary>It was received and waits for its answer.</summary>
    Received,

    /// <summary>It was answered.</summary>
    Answered,
}

/// <summary>A call that waits for the answer of a listener.</summary>
/// <param name="Id">Its number, which no other has.</param>
/// <param name="Task">Who calls.</param>
/// <param name="Data">The call.</param>
/// <param name="Stage">How far it has come.</param>
/// <param name="Result">What the call returns, once it is answered.</param>
/// <param name="GoesOn">Whether the call is done after all: SECCOMP_USER_NOTIF_FLAG_CONTINUE.</param>
internal sealed record SeccompNotification(ulong Id, int Task, SeccompData Data, NotificationStage Stage, long Result, bool GoesOn);

/// <summary>What those ask who serve a filter's calls: its notifications in the order in which they came. man 2 seccomp_unotify.</summary>
/// <param name="Number">Its number among the kernel's objects.</param>
/// <param name="NextId">The number of the next notification.</param>
/// <param name="Notifications">Those that have not gone on yet.</param>
internal sealed record SeccompListener(int Number, ulong NextId, ImmutableArray<SeccompNotification> Notifications)
{
    public SeccompNotification? Find(ulong id) => Notifications.FirstOrDefault(notification => notification.Id == id);

    public SeccompListener With(SeccompNotification changed) =>
        this with { Notifications = [.. Notifications.Select(notification => notification.Id == changed.Id ? changed : notification)] };

    public SeccompListener Without(ulong id) => this with { Notifications = [.. Notifications.Where(notification => notification.Id != id)] };
}

/// <summary>What a call keeps that waits for an answer.</summary>
/// <param name="Listener">Whose.</param>
/// <param name="Id">Of which notification.</param>
/// <param name="Entry">How far the work on its entry has come.</param>
internal sealed record NotificationWait(int Listener, ulong Id, EntryProgress Entry);

/// <summary>The listeners of a machine.</summary>
internal sealed class SeccompListeners(LinuxMachine machine)
{
    /// <summary>Makes one without notifications.</summary>
    public int Create()
    {
        int number = machine.State.NextObject;
        const int idShift = 32;
        var listener = new SeccompListener(number, (ulong)number << idShift, []);
        machine.State = machine.State with { NextObject = number + 1, SeccompListeners = machine.State.SeccompListeners.Add(number, listener) };
        return number;
    }

    /// <summary>The listener of a number while its file is open.</summary>
    public SeccompListener? Find(int? number) => number is { } known ? machine.State.SeccompListeners.GetValueOrDefault(known) : null;

    public void Set(SeccompListener listener) =>
        machine.State = machine.State with { SeccompListeners = machine.State.SeccompListeners.SetItem(listener.Number, listener) };

    /// <summary>The current task tells of its call and sleeps until it is answered.</summary>
    public void Ask(SeccompListener listener, SeccompData data, EntryProgress entry)
    {
        ulong id = listener.NextId;
        var notification = new SeccompNotification(id, machine.Task.Id, data, NotificationStage.New, 0, false);
        Set(listener with { NextId = id + 1, Notifications = listener.Notifications.Add(notification) });
        machine.Tasks.Block(new Wait([KeyOf(machine.Task.Id)], "a listener of its seccomp filter") { Progress = new NotificationWait(listener.Number, id, entry) });
        machine.Tasks.Wake(ReadinessKeys.Input(listener.Number));
    }

    /// <summary>The wait that the current task comes out of, which is then over; null where it was in none.</summary>
    public NotificationWait? TakeWait()
    {
        if (machine.Task.Wait is not { Progress: NotificationWait wait })
            return null;
        machine.Task = machine.Task with { Wait = null, Reason = WakeReason.Start };
        return wait;
    }

    /// <summary>Takes the answer to a notification, which then is no more. Without one a signal has come, and the call begins anew after its handler.</summary>
    public SeccompNotification TakeAnswer(NotificationWait wait)
    {
        var none = new SeccompNotification(wait.Id, 0, new SeccompData(0, 0, 0, []), NotificationStage.Answered, -Errno.ERESTARTSYS, false);
        if (Find(wait.Listener) is not { } listener)
            return none with { Result = -Errno.ENOSYS };
        SeccompNotification? found = listener.Find(wait.Id);
        Set(listener.Without(wait.Id));
        return found is { Stage: NotificationStage.Answered } ? found : none;
    }

    /// <summary>The listener's file is closed: nobody will answer.</summary>
    public void Close(int number)
    {
        if (Find(number) is not { } listener)
            return;
        machine.State = machine.State with { SeccompListeners = machine.State.SeccompListeners.Remove(number) };
        foreach (SeccompNotification notification in listener.Notifications)
            machine.Tasks.Wake(KeyOf(notification.Task));
    }

    /// <summary>What a call waits for that has told of itself.</summary>
    public static WaitKey KeyOf(int task) => new(WaitKind.SeccompAnswer, (ulong)task);
}
