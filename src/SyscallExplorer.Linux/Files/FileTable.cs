using System.Collections.Immutable;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>
/// The current task's descriptors. Which kind of file each leads to also stands in guest memory, where the kernel's code for read and write
/// looks; this is the one place that changes either.
/// </summary>
internal sealed class FileTable(LinuxMachine machine)
{
    private KernelState State
    {
        get => machine.State;
        set => machine.State = value;
    }

    private PhysicalMemory Ram => machine.Processor.Bus.Ram;

    /// <summary>The table of the current task.</summary>
    private DescriptorTable Table
    {
        get => State.FileTables[machine.Task.FileTable];
        set => State = State with { FileTables = State.FileTables.SetItem(machine.Task.FileTable, value) };
    }

    /// <summary>The descriptors of the current task.</summary>
    public ImmutableSortedDictionary<int, FileDescriptor> Descriptors => Table.Descriptors;

    /// <summary>Numbers from here on are refused: RLIMIT_NOFILE, as far as the table goes.</summary>
    public int Limit => (int)Math.Min(machine.Process.LimitOf(ResourceLimit.Files).Soft, TaskLayout.MaxDescriptors);

    /// <summary>The open file of a descriptor, or null.</summary>
    public OpenFile? Find(int descriptor) => Table.Descriptors.TryGetValue(descriptor, out FileDescriptor? found) ? State.OpenFiles[found.File] : null;

    /// <summary>The number of the open file of a descriptor, or null.</summary>
    public int? NumberOf(int descriptor) => Table.Descriptors.TryGetValue(descriptor, out FileDescriptor? found) ? found.File : null;

    /// <summary>Whether no descriptor is free.</summary>
    public bool IsFull => FirstFree(0) is null;

    /// <summary>The lowest free descriptor from a number on, or null.</summary>
    public int? FirstFree(int lowest)
    {
        for (int descriptor = lowest; descriptor < Limit; descriptor++)
        {
            if (!Table.Descriptors.ContainsKey(descriptor))
                return descriptor;
        }

        return null;
    }

    /// <summary>Opens a file under the lowest free descriptor from a number on.</summary>
    /// <returns>The descriptor, or -EMFILE.</returns>
    public int Open(OpenFile file, bool closeOnExec, int lowest = 0)
    {
        if (FirstFree(lowest) is not { } descriptor)
            return -Errno.EMFILE;
        int number = Add(file);
        Set(descriptor, new FileDescriptor(number, closeOnExec));
        return descriptor;
    }

    /// <summary>A descriptor for a file that is open already: the lowest free one from a number on.</summary>
    /// <returns>The descriptor, or -EMFILE.</returns>
    public int OpenAgain(int number, bool closeOnExec, int lowest = 0)
    {
        if (FirstFree(lowest) is not { } descriptor)
            return -Errno.EMFILE;
        Set(descriptor, new FileDescriptor(number, closeOnExec));
        return descriptor;
    }

    /// <summary>A second descriptor for an open file: the lowest free one from a number on.</summary>
    /// <returns>The descriptor, or -EMFILE.</returns>
    public int Duplicate(int descriptor, bool closeOnExec, int lowest = 0) => OpenAgain(Table.Descriptors[descriptor].File, closeOnExec, lowest);

    /// <summary>A second descriptor of a given number, which is closed before.</summary>
    public void DuplicateTo(int descriptor, int target, bool closeOnExec)
    {
        var copy = new FileDescriptor(Table.Descriptors[descriptor].File, closeOnExec);
        Count(copy.File, 1);
        if (Table.Descriptors.ContainsKey(target))
            Close(target);
        Set(target, copy);
        Count(copy.File, -1);
    }

    /// <summary>Closes a descriptor, and its file when it was the last one of it.</summary>
    public void Close(int descriptor)
    {
        DescriptorTable table = Table;
        int number = table.Descriptors[descriptor].File;
        Table = table with { Descriptors = table.Descriptors.Remove(descriptor) };
        WriteWord(table.Frame, descriptor, 0);
        Count(number, -1);
    }

    /// <summary>Changes what is known of the open file behind a descriptor.</summary>
    public void Update(int descriptor, OpenFile file) => Change(Table.Descriptors[descriptor].File, file);

    /// <summary>Changes what is known of an open file.</summary>
    public void Change(int number, OpenFile file) => State = State with { OpenFiles = State.OpenFiles.SetItem(number, file) };

    /// <summary>Keeps an open file as a descriptor would.</summary>
    public void Hold(int number) => Count(number, 1);

    /// <summary>Gives up what was kept.</summary>
    public void Release(int number) => Count(number, -1);

    /// <summary>FD_CLOEXEC.</summary>
    public void SetCloseOnExec(int descriptor, bool value) =>
        Table = Table with { Descriptors = Table.Descriptors.SetItem(descriptor, Table.Descriptors[descriptor] with { CloseOnExec = value }) };

    /// <summary>What execve closes.</summary>
    public void CloseOnExecute()
    {
        foreach ((int descriptor, FileDescriptor value) in Table.Descriptors)
        {
            if (value.CloseOnExec)
                Close(descriptor);
        }
    }

    /// <summary>The table of a new task: the same one, or a copy.</summary>
    /// <returns>Its number.</returns>
    public int Inherit(int table, bool share)
    {
        DescriptorTable own = State.FileTables[table];
        if (share)
        {
            SetUsers(table, own.Users + 1);
            return table;
        }

        // A frame that is missing lets the kernel's code see no descriptor; the host finds them all the same.
        ulong frame = machine.Frames.TryTake() ?? KernelLayout.FilesPhysical;
        ulong structure = machine.Frames.TryTake() ?? KernelLayout.FilesStructPhysical;
        int id = State.NextObject;
        State = State with { NextObject = id + 1, FileTables = State.FileTables.Add(id, own with { Frame = frame, Structure = structure, Users = 1 }) };
        Span<byte> words = stackalloc byte[(int)KernelLayout.PageSize];
        Ram.Read(own.Frame, words);
        Ram.Write(frame, words);
        WriteStructure(Ram, machine.Architecture, structure, frame, users: 1);
        foreach (FileDescriptor descriptor in own.Descriptors.Values)
            Count(descriptor.File, 1);
        return id;
    }

    /// <summary>A table that nobody else uses, for a task that executes a program.</summary>
    /// <returns>Its number.</returns>
    public int Unshare(int table)
    {
        if (State.FileTables[table].Users == 1)
            return table;
        int copy = Inherit(table, share: false);
        Leave(table);
        return copy;
    }

    /// <summary>A task gives up its table; the last one closes all descriptors.</summary>
    public void Leave(int table)
    {
        DescriptorTable own = State.FileTables[table];
        if (own.Users > 1)
        {
            SetUsers(table, own.Users - 1);
            return;
        }

        State = State with { FileTables = State.FileTables.Remove(table) };
        foreach (FileDescriptor descriptor in own.Descriptors.Values)
            Count(descriptor.File, -1);
        machine.Frames.Release(own.Frame);
        machine.Frames.Release(own.Structure);
    }

    private int Add(OpenFile file)
    {
        int number = State.NextObject;
        State = State with { NextObject = number + 1, OpenFiles = State.OpenFiles.Add(number, file), FileReferences = State.FileReferences.Add(number, 0) };
        return number;
    }

    /// <summary>Counts the descriptors of an open file; without any it is gone.</summary>
    private void Count(int number, int change)
    {
        int references = State.FileReferences[number] + change;
        if (change < 0 && State.OpenFiles[number].Object.Location is { } location)
        {
            FileLocks before = State.Locks;
            State = State with { Locks = before.AfterClose(location.Node, machine.Process.Id, number, isLast: references == 0) };
            if (State.Locks.Locks.Count < before.Locks.Count)
                machine.Tasks.Wake(FileLocks.Change);
        }

        if (references > 0)
        {
            State = State with { FileReferences = State.FileReferences.SetItem(number, references) };
            return;
        }

        OpenFile file = State.OpenFiles[number];
        State = State with { OpenFiles = State.OpenFiles.Remove(number), FileReferences = State.FileReferences.Remove(number) };
        machine.Epolls.ForgetFile(number);
        file.Operations.Released(machine, file);
        machine.Vfs.ForgetOrphans();
    }

    private void Set(int descriptor, FileDescriptor value)
    {
        DescriptorTable table = Table;
        Table = table with { Descriptors = table.Descriptors.SetItem(descriptor, value) };
        State = State with { FileReferences = State.FileReferences.SetItem(value.File, State.FileReferences[value.File] + 1) };
        OpenFile file = State.OpenFiles[value.File];
        WriteWord(table.Frame, descriptor, new VfsRecords(machine.Architecture).PointerOf(file.Kind, file.Rights));
    }

    /// <summary>Writes a <c>files_struct</c> with its table within it.</summary>
    /// <param name="ram">The machine's.</param>
    /// <param name="architecture">The kernel's.</param>
    /// <param name="address">Physical address of the structure.</param>
    /// <param name="entries">That of the table's entries.</param>
    /// <param name="users">Tasks that share it.</param>
    public static void WriteStructure(PhysicalMemory ram, KernelArchitecture architecture, ulong address, ulong entries, int users)
    {
        ram.WriteUInt64(address + VfsLayout.FilesCount, (ulong)users);
        ram.WriteUInt64(address + VfsLayout.FilesTable, architecture.DirectMapped(address + VfsLayout.EmbeddedTable));
        ram.WriteUInt64(address + VfsLayout.EmbeddedTable + VfsLayout.TableSize, TaskLayout.MaxDescriptors);
        ram.WriteUInt64(address + VfsLayout.EmbeddedTable + VfsLayout.TableEntries, architecture.DirectMapped(entries));
    }

    /// <summary>Guest code goes the light way to a file where one task has the table for itself.</summary>
    private void SetUsers(int table, int users)
    {
        DescriptorTable own = State.FileTables[table];
        State = State with { FileTables = State.FileTables.SetItem(table, own with { Users = users }) };
        Ram.WriteUInt64(own.Structure + VfsLayout.FilesCount, (ulong)users);
    }

    private void WriteWord(ulong frame, int descriptor, uint word) => Ram.Write(frame + (ulong)descriptor * 4, BitConverter.GetBytes(word));
}
