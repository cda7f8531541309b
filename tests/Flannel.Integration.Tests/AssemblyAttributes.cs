// Leak checks count what the whole process holds, and pings at a hundred per second want the processor to themselves.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
