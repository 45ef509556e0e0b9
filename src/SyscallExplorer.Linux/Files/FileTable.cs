using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>
/// The program's descriptors. Which kind of file each leads to also stands in guest memory, where the kernel's code for read and write
/// looks; this is the one place that changes either.
/// </summary>
internal sealed class FileTable(LinuxMachine machine)
{
    private KernelState State
    {
        get => machine.State;
        set => machine.State = value;
    }

    /// <summary>The open file of a descriptor, or null.</summary>
    public OpenFile? Find(int descriptor) => State.Descriptors.TryGetValue(descriptor, out FileDescriptor? found) ? State.OpenFiles[found.File] : null;

    /// <summary>Whether no descriptor is free.</summary>
    public bool IsFull => FirstFree(0) is null;

    /// <summary>Opens a file under the lowest free descriptor from a number on.</summary>
    /// <returns>The descriptor, or -EMFILE.</returns>
    public int Open(OpenFile file, bool closeOnExec, int lowest = 0)
    {
        if (FirstFree(lowest) is not { } descriptor)
            return -Errno.EMFILE;
        int number = State.OpenFiles.Count == 0 ? 0 : State.OpenFiles.Keys.Max() + 1;
        State = State with { OpenFiles = State.OpenFiles.Add(number, file) };
        Set(descriptor, new FileDescriptor(number, closeOnExec));
        return descriptor;
    }

    /// <summary>A second descriptor for an open file: the lowest free one from a number on.</summary>
    /// <returns>The descriptor, or -EMFILE.</returns>
    public int Duplicate(int descriptor, bool closeOnExec, int lowest = 0)
    {
        if (FirstFree(lowest) is not { } copy)
            return -Errno.EMFILE;
        Set(copy, new FileDescriptor(State.Descriptors[descriptor].File, closeOnExec));
        return copy;
    }

    /// <summary>A second descriptor of a given number, which is closed before.</summary>
    public void DuplicateTo(int descriptor, int target, bool closeOnExec)
    {
        var copy = new FileDescriptor(State.Descriptors[descriptor].File, closeOnExec);
        if (State.Descriptors.ContainsKey(target))
            Close(target);
        Set(target, copy);
    }

    /// <summary>Closes a descriptor, and its file when it was the last one of it.</summary>
    public void Close(int descriptor)
    {
        int number = State.Descriptors[descriptor].File;
        State = State with { Descriptors = State.Descriptors.Remove(descriptor) };
        machine.SetFileWord(descriptor, FileKind.Closed);
        OpenFile file = State.OpenFiles[number];
        bool isLast = !State.Descriptors.Values.Any(other => other.File == number);
        if (file.Object.Location is { } location)
            State = State with { Locks = State.Locks.AfterClose(location.Node, machine.CurrentProcess, number, isLast) };
        if (!isLast)
            return;
        State = State with { OpenFiles = State.OpenFiles.Remove(number) };
        file.Operations.Released(machine, file);
        machine.Vfs.ForgetOrphans();
    }

    /// <summary>Changes what is known of the open file behind a descriptor.</summary>
    public void Update(int descriptor, OpenFile file) =>
        State = State with { OpenFiles = State.OpenFiles.SetItem(State.Descriptors[descriptor].File, file) };

    /// <summary>FD_CLOEXEC.</summary>
    public void SetCloseOnExec(int descriptor, bool value) =>
        State = State with { Descriptors = State.Descriptors.SetItem(descriptor, State.Descriptors[descriptor] with { CloseOnExec = value }) };

    private void Set(int descriptor, FileDescriptor value)
    {
        State = State with { Descriptors = State.Descriptors.SetItem(descriptor, value) };
        OpenFile file = State.OpenFiles[value.File];
        machine.SetFileWord(descriptor, file.Kind | file.Rights);
    }

    private int? FirstFree(int lowest)
    {
        for (int descriptor = lowest; descriptor < TaskLayout.MaxDescriptors; descriptor++)
        {
            if (!State.Descriptors.ContainsKey(descriptor))
                return descriptor;
        }

        return null;
    }
}
